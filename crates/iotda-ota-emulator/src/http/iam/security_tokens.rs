//! `POST /v3.0/OS-CREDENTIAL/securitytokens`: a temporary access key for a token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::super::{Shared, answer};
use super::{Refused, authenticate, read};
use crate::clock::{IdKind, iam_time};
use crate::identity::User;
use crate::identity::ticket::temporary_key;

/// How long a temporary access key is valid unless the request says so, and how long it can be, by the IAM reference.
const DEFAULT_SECONDS: i64 = 15 * 60;
const SECONDS: std::ops::RangeInclusive<i64> = DEFAULT_SECONDS..=24 * 60 * 60;

#[derive(Deserialize)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    token: Option<Token>,
}

#[derive(Deserialize)]
struct Token {
    id: Option<String>,
    duration_seconds: Option<i64>,
}

/// The answer here and at the metadata service.
#[derive(Serialize)]
pub(in super::super) struct Credentials {
    credential: Credential,
}

#[derive(Serialize)]
struct Credential {
    access: String,
    secret: String,
    expires_at: String,
    securitytoken: String,
}

impl Credentials {
    /// A fresh temporary access key of a user.
    pub(in super::super) fn new(shared: &Shared, user: &User, seconds: i64) -> Self {
        let expires = shared.now() + seconds;
        let key = temporary_key(user, expires, shared.clock.id(IdKind::Token));
        Self {
            credential: Credential {
                access: key.id,
                secret: key.secret,
                expires_at: iam_time(expires),
                securitytoken: key.security_token,
            },
        }
    }
}

pub(super) async fn create(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Result<Response, Refused> {
    let Body { auth: Auth { identity } } = read(&body)?;
    if identity.methods != ["token"] {
        return Err(Refused::bad_request(
            "The emulator gives temporary access keys for tokens only: auth.identity.methods must be [\"token\"]",
        ));
    }
    let (token, seconds) = identity.token.map_or((None, None), |token| (token.id, token.duration_seconds));
    let caller = authenticate(&parts, &shared, token)?;
    let seconds = seconds.unwrap_or(DEFAULT_SECONDS);
    if !SECONDS.contains(&seconds) {
        return Err(Refused::bad_request(format!(
            "duration_seconds must be from {} to {}, not {seconds}",
            SECONDS.start(),
            SECONDS.end()
        )));
    }
    Ok(answer(StatusCode::CREATED, &Credentials::new(&shared, &caller.user, seconds)))
}
