//! Control calls for tests and scripts, below `/emulator/`. They need no token and are no part of the service.
//!
//! - [`faults`], [`requests`] and [`state`] are the calls; the health is here.

mod faults;
mod requests;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post};
use http::StatusCode;
use serde::Serialize;

use super::{Shared, answer};
use crate::identity;
use crate::rejection::{Code, Rejection};

/// Whether a path is that of a control call, which no fault strikes.
pub(super) fn is_control(path: &str) -> bool {
    path.starts_with("/emulator/")
}

/// The one call whose body is far larger than what is held in memory; it has a limit of its own.
pub(super) const LOAD: &str = "/emulator/load";

/// All of them, or only the health, which harms nobody.
pub(super) fn routes(enabled: bool) -> Router<Arc<Shared>> {
    let health = Router::new().route("/emulator/health", get(health));
    if !enabled {
        return health;
    }
    health
        .route("/emulator/faults", get(faults::list).post(faults::add).delete(faults::clear))
        .route("/emulator/faults/{id}", delete(faults::remove))
        .route("/emulator/requests", get(requests::list).delete(requests::clear))
        .route("/emulator/dump", get(state::dump))
        .route("/emulator/reset", post(state::reset))
        .route(LOAD, post(state::load))
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
