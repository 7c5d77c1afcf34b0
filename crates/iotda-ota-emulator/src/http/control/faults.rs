//! `/emulator/faults`: add, list and remove faults.
//!
//! A fault is a JSON object: `operation`, `fault` for its kind, and its settings by the names of the readable form.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::{Refused, Shared, answer};
use super::invalid;
use crate::faults::{ActiveFault, Fault, FaultKind, settings};
use crate::operation::{Scope, Service};
use crate::rejection::{Code, Rejection};

#[derive(Serialize)]
struct List {
    faults: Vec<Value>,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Response {
    answer(StatusCode::OK, &described(&shared.faults.list()))
}

/// Adds one fault or an array of them, all or none.
pub(super) async fn add(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Refused> {
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| invalid(format!("The request body is not valid JSON: {error}")))?;
    let (faults, many) = match body {
        Value::Array(faults) => (faults, true),
        one => (vec![one], false),
    };
    let read = |(index, fault): (usize, Value)| {
        let place = if many { format!("fault {}: ", index + 1) } else { String::new() };
        read(fault).map_err(|problem| invalid(format!("{place}{problem}")))
    };
    let faults: Vec<Fault> = faults.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let added = shared.faults.add_all(faults).map_err(|error| invalid(error.to_string()))?;
    Ok(answer(StatusCode::CREATED, &described(&added)))
}

pub(super) async fn clear(State(shared): State<Arc<Shared>>) -> Response {
    shared.faults.clear();
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn remove(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Response, Refused> {
    if id.parse().is_ok_and(|id| shared.faults.remove(id)) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(Rejection::new(Code::FaultNotFound, format!("There is no fault {id:?}; GET /emulator/faults lists them"))
        .into())
}

fn read(fault: Value) -> Result<Fault, String> {
    let Value::Object(mut members) = fault else {
        return Err("a fault must be a JSON object with operation and fault".to_owned());
    };
    let mut text = |name: &str| match members.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(format!("{name} must be a string, not {other}")),
        None => Err(format!("{name} is missing, as in {{\"operation\": \"create_ota_package\", \"fault\": \"cut\"}}")),
    };
    let (operation, kind) = (text("operation")?, text("fault")?);
    let settings = members.into_iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        Value::Number(number) => Ok((name, number.to_string())),
        Value::Bool(flag) => Ok((name, flag.to_string())),
        other => Err(format!("{name} must be a string, a number, true or false, not {other}")),
    });
    settings::read(&operation, &kind, settings.collect::<Result<_, _>>()?).map_err(|error| error.to_string())
}

fn described(faults: &[ActiveFault]) -> List {
    let describe = |active: &ActiveFault| {
        let fault = &active.fault;
        let mut members = Map::new();
        members.insert("id".to_owned(), active.id.into());
        members.insert("operation".to_owned(), fault.scope().to_string().into());
        members.insert("fault".to_owned(), fault.kind().name().into());
        for (name, value) in settings::write(fault) {
            // The texts that could be taken for something else are of these two names.
            let is_text = matches!(name, "code" | "retry-after");
            let plain = if is_text { None } else { serde_json::from_str(&value).ok() };
            members.insert(name.to_owned(), plain.unwrap_or(Value::String(value)));
        }
        if *fault.kind() == FaultKind::Refuse && fault.scope() != Scope::Service(Service::Obs) {
            let note = "control calls on new connections are refused, too; keep this one to remove the fault, or give it times";
            members.insert("note".to_owned(), note.into());
        }
        members.insert("spec".to_owned(), fault.to_string().into());
        members.insert("matched".to_owned(), json!(active.matched));
        members.insert("hits".to_owned(), json!(active.hits));
        Value::Object(members)
    };
    List { faults: faults.iter().map(describe).collect() }
}
