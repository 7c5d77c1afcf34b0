//! `/emulator/requests`: what was sent to the emulator.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::Serialize;

use super::super::{Shared, answer};
use crate::journal::RecordedRequest;
use crate::operation::{Operation, Service};

#[derive(Serialize)]
struct List {
    requests: Vec<RequestBody>,
}

#[derive(Serialize)]
struct RequestBody {
    number: u64,
    service: Service,
    operation: Option<Operation>,
    method: String,
    path: String,
    query: Option<String>,
    /// Values of a repeated header are joined by a comma.
    headers: BTreeMap<String, String>,
    /// The body as text; nothing when it is none, and then it is in the next field.
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    body_bytes: u64,
    status: Option<u16>,
    request_id: Option<String>,
    faults: Vec<u64>,
}

impl From<RecordedRequest> for RequestBody {
    fn from(request: RecordedRequest) -> Self {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in request.headers {
            headers
                .entry(name)
                .and_modify(|before| {
                    before.push_str(", ");
                    before.push_str(&value);
                })
                .or_insert(value);
        }
        let (body, body_base64) = match String::from_utf8(request.body) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        Self {
            number: request.number,
            service: request.service,
            operation: request.operation,
            method: request.method,
            path: request.path,
            query: request.query,
            headers,
            body,
            body_base64,
            body_bytes: request.body_bytes,
            status: request.status,
            request_id: request.request_id,
            faults: request.faults,
        }
    }
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let requests = shared.journal.list().into_iter().map(RequestBody::from).collect();
    answer(StatusCode::OK, &List { requests })
}

pub(super) async fn clear(State(shared): State<Arc<Shared>>) -> Response {
    shared.journal.clear();
    StatusCode::NO_CONTENT.into_response()
}
