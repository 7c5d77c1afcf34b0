//! The two ports: what they share, and the one mapping from a [`Rejection`] to an HTTP answer.
//!
//! - [`iotda`] builds the router of the IoTDA port: [`packages`], [`iam`], [`metadata`] and [`control`]; who calls is
//!   found out by [`caller`];
//! - [`obs`] builds that of the OBS port;
//! - [`server`] binds, serves and stops them, and [`front`] is where their requests come in;
//! - [`body`] reads bodies within bounds, and [`pace`] says which clients are too slow.

mod body;
mod caller;
pub(crate) mod control;
#[cfg(feature = "check-answers")]
pub(crate) mod document;
pub(crate) mod front;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod iam;
mod metadata;
pub(crate) mod obs;
mod pace;
pub(crate) mod packages;
pub(crate) mod server;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::sync::watch;

pub(crate) use self::caller::Access;
use crate::clock::{Clock, IdKind, unix_seconds};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::limits::Limits;
use crate::rejection::{Code, Rejection};
use crate::rules::stored::Checks;
use crate::store::{Store, StoreError};

/// What every handler can reach.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) checks: Checks,
    pub(crate) access: Access,
    pub(crate) faults: Faults,
    pub(crate) journal: Arc<Journal>,
    pub(crate) limits: Limits,
    /// Names under which the emulator may be reached besides those of every machine.
    pub(crate) hosts: Vec<String>,
    /// Whether there are control calls.
    pub(crate) control: bool,
    /// Whether there is a metadata service.
    pub(crate) metadata: bool,
    /// The base address of the IoTDA port, for links.
    pub(crate) endpoint: String,
    /// How often everything was forgotten.
    pub(crate) resets: AtomicU64,
    /// How long a client may pause in the middle of a request.
    pub(crate) patience: Duration,
    /// True once requests that still run are to be given up.
    pub(crate) abort: watch::Receiver<bool>,
    #[cfg(feature = "check-answers")]
    pub(crate) undocumented: document::Undocumented,
}

impl Shared {
    fn request_id(&self) -> String {
        format!("{:032x}", self.clock.id(IdKind::Request))
    }

    /// Forgets everything that was done to the emulator.
    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        // First, so that what was put off until later is not done in the middle of this.
        self.resets.fetch_add(1, Ordering::AcqRel);
        self.store.clear().await?;
        self.faults.clear();
        self.journal.reset();
        self.access.identities.forget_expired();
        self.clock.restart();
        Ok(())
    }

    /// The second of the emulator's clock.
    fn now(&self) -> i64 {
        unix_seconds(self.clock.now())
    }
}

/// How far the date of a signed request may be from this machine's clock, by the OBS reference and the API Request
/// Signing Guide.
const MOST_SKEW_SECONDS: u64 = 15 * 60;

/// How many seconds a date is from the real time, if these are too many.
///
/// The replaceable clock is not asked: the date comes from a real client.
fn skew(date: i64) -> Option<u64> {
    let seconds = date.abs_diff(unix_seconds(SystemTime::now()));
    (seconds > MOST_SKEW_SECONDS).then_some(seconds)
}

/// The id of a request, among its extensions.
#[derive(Clone)]
struct RequestId(String);

/// The router of the IoTDA port.
pub(crate) fn iotda(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(packages::routes())
        .merge(iam::routes())
        .merge(metadata::routes(shared.metadata))
        .merge(control::routes(shared.control))
        .fallback(unknown_path)
        // Only for the routes that are there already.
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(shared)
}

async fn unknown_path(request: Request) -> Response {
    json(&Rejection::new(Code::UnknownPath, format!("The emulator has no {}", request.uri().path())))
}

async fn method_not_allowed(request: Request) -> Response {
    json(&Rejection::new(
        Code::MethodNotAllowed,
        format!("{} is not possible on {}", request.method(), request.uri().path()),
    ))
}

/// Lets the router of the IoTDA port answer: reads the body first, puts a request id on the answer, writes the refusals, and
/// gives up when the emulator stops.
///
/// These are no layers of the router, because each of those would cost more than the answer itself.
async fn answer_iotda(shared: &Shared, router: &TowerToHyperService<Router>, mut request: Request) -> Response {
    #[cfg(feature = "check-answers")]
    let operation = document::operation(&request);
    let mut abort = shared.abort.clone();
    let id = shared.request_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let answered = async {
        match body::buffer(shared, request).await {
            Ok(request) => call(router, request).await,
            Err(response) => response,
        }
    };
    let mut response = tokio::select! {
        response = answered => response,
        _ = abort.wait_for(|abort| *abort) => json(&Rejection::new(Code::Stopping, "The emulator is stopping")),
    };
    if let Some(rejection) = response.extensions_mut().remove::<Rejection>() {
        write(&rejection, &id, &mut response);
    }
    set(&mut response, "x-request-id", &id);
    close_when_late(&mut response);
    #[cfg(feature = "check-answers")]
    let response = document::check(shared, operation, response).await;
    response
}

async fn call(router: &TowerToHyperService<Router>, request: Request) -> Response {
    match router.call(request).await {
        Ok(response) => response,
        Err(error) => {
            let never: Infallible = error;
            match never {}
        }
    }
}

/// A refusal on the IoTDA port.
#[derive(Debug)]
pub(crate) struct Refused(Rejection);

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::Rejected(rejection) => rejection,
            StoreError::Closed => Rejection::new(Code::Stopping, "The emulator is stopping"),
            StoreError::Damaged(what) => Rejection::new(Code::DataDamaged, StoreError::damage(&what)),
            StoreError::Full(error) | StoreError::Failed(error) => {
                Rejection::new(Code::Internal, format!("Emulator: {error}"))
            }
        })
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        json(&self.0)
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error_code: &'a str,
    error_msg: &'a str,
    /// Only the API gateway has it in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// A rejection on its way to [`answer_iotda`], which writes it.
pub(crate) fn json(rejection: &Rejection) -> Response {
    let mut response = rejection.code.status().into_response();
    response.extensions_mut().insert(rejection.clone());
    response
}

/// Writes a rejection as the IoTDA port answers it.
fn write(rejection: &Rejection, request_id: &str, response: &mut Response) {
    let body = ErrorBody {
        error_code: rejection.code.as_str(),
        error_msg: &rejection.message,
        request_id: (rejection.code == Code::Gateway).then_some(request_id),
    };
    let (parts, body) = answer(rejection.code.status(), &body).into_parts();
    // The router has already counted the bytes of the empty body.
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().extend(parts.headers);
    *response.body_mut() = body;
}

/// A JSON answer.
pub(crate) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    // Plain structures of text and numbers always serialize.
    json_bytes(status, serde_json::to_vec(body).unwrap_or_default())
}

/// A JSON answer that is written already.
fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sets a header, unless its value cannot be one.
pub(crate) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Announces that the connection is closed when its client has stopped sending: the rest of the body would be taken for
/// another request.
pub(crate) fn close_when_late(response: &mut Response) {
    if response.status() == StatusCode::REQUEST_TIMEOUT {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

#[cfg(test)]
mod tests;
