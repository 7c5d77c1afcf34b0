//! Control calls for tests and scripts, below `/emulator/`. They need no token and are no part of the service.

mod faults;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get};
use http::StatusCode;
use serde::Serialize;

use super::{Shared, answer};
use crate::identity;
use crate::rejection::{Code, Rejection};

/// Whether a path is that of a control call, which no fault strikes.
pub(super) fn is_control(path: &str) -> bool {
    path.starts_with("/emulator/")
}

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/emulator/health", get(health))
        .route("/emulator/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/emulator/faults/{id}", delete(faults::remove))
}

/// How a control call that cannot be understood is refused.
fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(Code::InvalidControlCall, message)
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'static str,
    version: &'static str,
    strict: bool,
    region: &'a str,
    project_id: &'a str,
    bucket: &'static str,
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    answer(
        StatusCode::OK,
        &Health {
            status: "ready",
            version: env!("CARGO_PKG_VERSION"),
            strict: shared.checks.strict,
            region: &shared.access.identities.region,
            project_id: &shared.access.identities.first.1.id,
            bucket: identity::BUCKET,
        },
    )
}
