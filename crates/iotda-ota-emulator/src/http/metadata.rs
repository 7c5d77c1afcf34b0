//! The metadata service of a cloud server, as far as it gives access keys; on the IoTDA port, and only when asked for.
//!
//! The keys are those of the first user, as if the server had an agency with that user's rights.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::iam::Credentials;
use super::{Shared, answer};
use crate::clock::IdKind;
use crate::identity::ticket::{Grant, Ticket};

/// How long the keys are valid, by the documentation of the metadata service.
const KEY_SECONDS: i64 = 60 * 60;

/// The longest that a token of the service is valid: what the official SDKs ask for.
const MOST_TOKEN_SECONDS: i64 = 6 * 60 * 60;

pub(super) fn routes(enabled: bool) -> Router<Arc<Shared>> {
    if !enabled {
        return Router::new();
    }
    Router::new()
        .route("/meta-data/latest/api/token", put(token))
        .route("/openstack/latest/securitykey", get(security_key))
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let seconds = headers
        .get("x-metadata-token-ttl-seconds")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .filter(|seconds| (1..=MOST_TOKEN_SECONDS).contains(seconds));
    let Some(seconds) = seconds else {
        let message = format!("X-Metadata-Token-Ttl-Seconds must be a whole number from 1 to {MOST_TOKEN_SECONDS}");
        return text(StatusCode::BAD_REQUEST, message);
    };
    let user = shared.access.identities.first_user();
    let ticket = Ticket {
        user: user.name.clone(),
        grant: Grant::Metadata,
        expires: shared.now() + seconds,
        number: format!("{:032x}", shared.clock.id(IdKind::Token)),
    };
    text(StatusCode::OK, ticket.seal(user))
}

/// Works without a token as well; a token that is sent must be valid.
async fn security_key(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let accepted = headers.get("x-metadata-token").is_none_or(|token| {
        token.to_str().is_ok_and(|token| shared.access.identities.is_metadata_token(token, shared.now()))
    });
    if !accepted {
        return text(StatusCode::UNAUTHORIZED, "X-Metadata-Token is not valid, or not any more".to_owned());
    }
    answer(StatusCode::OK, &Credentials::new(&shared, shared.access.identities.first_user(), KEY_SECONDS))
}

fn text(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "text/plain")], text).into_response()
}
