//! The OBS port: objects of a bucket, addressed in path style (`/{bucket}/{key}`).
//!
//! - [`target`] reads the bucket and key of a request;
//! - [`signature`] checks who sent it;
//! - [`put`] and [`get`] are the operations with bytes; the small ones are here.

mod get;
mod put;
mod signature;
mod target;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, StatusCode};
use quick_xml::escape::escape;

use self::target::Target;
use super::body::drain;
use super::{Shared, close_when_late, set};
use crate::rejection::{Code, Rejection};
use crate::store::StoreError;

/// The router of the OBS port.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new().fallback(handle).with_state(shared)
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let request_id = shared.request_id();
    let resource = request.uri().path().to_owned();
    let mut abort = shared.abort.clone();
    let result = tokio::select! {
        result = run(&shared, request) => result,
        _ = abort.wait_for(|abort| *abort) => Err(StoreError::Closed.into()),
    };
    let mut response = result.unwrap_or_else(|refused| xml(&refused.0, &resource, &request_id));
    set(&mut response, "x-obs-request-id", &request_id);
    close_when_late(&mut response);
    response
}

/// Answers a request; a body that was not wanted is read to its end, so that the client can see the refusal.
async fn run(shared: &Shared, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    let mut body = Some(body);
    let result = dispatch(shared, &parts, &mut body).await;
    if result.is_err()
        && let Some(body) = body.take()
    {
        drain(&parts, body, shared.patience).await;
    }
    result
}

async fn dispatch(shared: &Shared, parts: &Parts, body: &mut Option<Body>) -> Result<Response, Refused> {
    let target = Target::read(&parts.uri)?;
    if target.is_version_question(&parts.method) {
        target.require_bucket(&shared.store).await?;
        return Ok(version_answer());
    }
    signature::check(shared, parts, &target)?;
    target.require_bucket(&shared.store).await?;
    target.refuse_query()?;
    let Some(key) = target.object_key()? else {
        return bucket(&parts.method);
    };
    let bucket = target.bucket.clone();
    match parts.method {
        Method::PUT => put::put(shared, parts, body, bucket, key).await,
        Method::GET => get::get(shared, bucket, key).await,
        Method::HEAD => get::head(shared, bucket, key).await,
        Method::DELETE => {
            shared.store.delete_object(bucket, key).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => {
            Err(Rejection::new(Code::ObsMethodNotAllowed, format!("{} is not possible on an object", parts.method))
                .into())
        }
    }
}

/// Of the operations on a bucket there is only the question whether it exists.
fn bucket(method: &Method) -> Result<Response, Refused> {
    if method == Method::HEAD {
        return Ok(StatusCode::OK.into_response());
    }
    Err(Rejection::new(
        Code::ObsNotImplemented,
        format!("The emulator has no {method} of a bucket; the bucket it needs exists already"),
    )
    .into())
}

/// The official OBS SDK asks which protocol the server speaks, and takes the OBS one when told version 3.0.
fn version_answer() -> Response {
    let mut response = StatusCode::OK.into_response();
    set(&mut response, "x-obs-api", "3.0");
    response
}

/// A refusal on the OBS port.
#[derive(Debug)]
struct Refused(Rejection);

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(match error {
            StoreError::Rejected(rejection) => rejection,
            StoreError::Closed => Rejection::new(Code::ObsUnavailable, "The emulator is stopping"),
            StoreError::Failed(error) => Rejection::new(Code::ObsInternal, format!("Emulator: {error}")),
        })
    }
}

/// A rejection as the OBS port answers it.
fn xml(rejection: &Rejection, resource: &str, request_id: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <Error><Code>{}</Code><Message>{}</Message><Resource>{}</Resource><RequestId>{request_id}</RequestId>\
         <HostId>emulator</HostId></Error>",
        rejection.code.as_str(),
        escape(printable(&rejection.message)),
        escape(printable(resource)),
    );
    (rejection.code.status(), [(CONTENT_TYPE, "application/xml")], body).into_response()
}

/// Replaces the characters that XML cannot have, not even escaped.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
