//! Control calls for tests and scripts, below `/emulator/`. They need no token and are no part of the service.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use serde::Serialize;

use super::{Shared, answer};
use crate::identity;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/emulator/health", get(health))
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
