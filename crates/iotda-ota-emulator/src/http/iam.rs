//! IAM on the IoTDA port: tokens for a password, the projects of a user, temporary access keys for a token.
//!
//! - [`tokens`], [`projects`] and [`security_tokens`] are the calls;
//! - here is what they share: who calls, the trace id on every answer, and the form of a refusal.

mod projects;
mod security_tokens;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) use self::security_tokens::Credentials;
use super::caller::{Gate, signer, token};
use super::{RequestId, Shared, answer, json, set};
use crate::identity::{Caller, TokenProblem};
use crate::rejection::Rejection;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v3/auth/tokens", post(tokens::create))
        .route("/v3/projects", get(projects::list))
        .route("/v3.0/OS-CREDENTIAL/securitytokens", post(security_tokens::create))
        .route_layer(from_fn(with_trace_id))
}

/// Puts the id of the request on the answer under the name that IAM has for it, too.
async fn with_trace_id(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    if let Some(RequestId(id)) = id {
        set(&mut response, "x-iam-trace-id", &id);
    }
    response
}

/// A refusal of an IAM call.
#[derive(Debug)]
enum Refused {
    /// By IAM itself.
    Iam(StatusCode, String),
    /// By the API gateway in front of it.
    Gateway(Rejection),
}

impl Refused {
    fn bad_request(message: impl Into<String>) -> Self {
        Self::Iam(StatusCode::BAD_REQUEST, message.into())
    }

    fn unauthorized(message: impl Into<String>) -> Self {
        Self::Iam(StatusCode::UNAUTHORIZED, message.into())
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Gateway(rejection)
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorContent<'a>,
}

#[derive(Serialize)]
struct ErrorContent<'a> {
    code: u16,
    message: &'a str,
    title: &'a str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Gateway(rejection) => json(&rejection),
            Self::Iam(status, message) => {
                let title = status.canonical_reason().unwrap_or_default();
                let error = ErrorContent { code: status.as_u16(), message: &message, title };
                answer(status, &ErrorBody { error })
            }
        }
    }
}

/// Who calls, by a token or else by a plain signature; `in_body` is a token from elsewhere than the header.
fn authenticate(parts: &Parts, shared: &Shared, in_body: Option<String>) -> Result<Caller, Refused> {
    if let Some(token) = token(parts).or(in_body) {
        return shared.access.identities.token(&token, shared.now()).map_err(|problem| {
            Refused::unauthorized(match problem {
                TokenProblem::Unknown => "The X-Auth-Token is invalid!",
                TokenProblem::Expired => "The X-Auth-Token is invalid! It has expired.",
            })
        });
    }
    signer(parts, &shared.access, shared.now(), Gate::Iam)?
        .ok_or_else(|| Refused::unauthorized("The request you have made requires authentication."))
}

/// Reads a JSON body; what it says is never repeated, because there are secrets in it.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Refused::bad_request(format!(
            "The request body is invalid: not JSON, or a required field is missing or of another type, at line {line}, \
             column {column}"
        ))
    })
}

/// A named thing with an id, as IAM shows users, domains and projects.
#[derive(Serialize)]
struct Named<'a> {
    id: String,
    name: &'a str,
}
