//! The OBS port: buckets, objects and multipart uploads, addressed in path style (`/{bucket}/{key}`) or in virtual-host
//! style (`{bucket}.localhost/{key}`).
//!
//! - [`target`] reads the bucket, key and query of a request, [`host`] the bucket in its host;
//! - [`signature`] checks who sent it, [`dialect`] lets everything else see only the service's own names of headers;
//! - [`operation`] tells what is asked for, [`call`] by which name;
//! - [`bucket`], [`put`], [`get`] and [`multipart`] are the operations, [`receive`] what those with bytes have in common;
//! - [`xml`] writes answers.

mod bucket;
mod call;
mod dialect;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzz;
mod get;
mod host;
mod multipart;
mod operation;
mod put;
mod range;
mod receive;
mod signature;
mod target;
mod xml;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

pub(super) use self::call::call;
use self::operation::Operation;
use self::target::Target;
use self::xml::Xml;
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
    let dialect = dialect::of(request.headers());
    let mut abort = shared.abort.clone();
    let result = tokio::select! {
        result = run(&shared, request) => result,
        _ = abort.wait_for(|abort| *abort) => Err(StoreError::Closed.into()),
    };
    let mut response = result.unwrap_or_else(|refused| error(&refused.0, &resource, &request_id));
    set(&mut response, "x-obs-request-id", &request_id);
    dialect::translate_answer(dialect, response.headers_mut());
    // This one is there under both names.
    set(&mut response, "x-obs-request-id", &request_id);
    close_when_late(&mut response);
    response
}

/// Answers a request; a body that was not wanted is read to its end, so that the client can see the refusal.
async fn run(shared: &Shared, request: Request) -> Result<Response, Refused> {
    let (mut parts, body) = request.into_parts();
    let mut body = Some(body);
    let result = dispatch(shared, &mut parts, &mut body).await;
    if result.is_err()
        && let Some(body) = body.take()
    {
        drain(&parts, body, shared.patience).await;
    }
    result
}

async fn dispatch(shared: &Shared, parts: &mut Parts, body: &mut Option<Body>) -> Result<Response, Refused> {
    let target = Target::of(parts, &shared.store).await?;
    if target.is_version_question(&parts.method) {
        // Before a bucket is made, the whole service is asked.
        if !target.bucket.is_empty() {
            target.require_bucket(&shared.store, None).await?;
        }
        return Ok(version_answer());
    }
    let user = signature::check(shared, parts, &target)?;
    dialect::translate_request(&mut parts.headers);
    let parts = &*parts;
    let operation = Operation::of(&parts.method, &target)?;
    if operation == Operation::CreateBucket {
        return bucket::create(shared, target, user).await;
    }
    target.require_bucket(&shared.store, Some(&user)).await?;
    target.check_key()?;
    match operation {
        // The question above was all there is to it.
        Operation::CreateBucket | Operation::HeadBucket => Ok(StatusCode::OK.into_response()),
        Operation::ListObjects => bucket::list_objects(shared, target).await,
        Operation::ListUploads => bucket::list_uploads(shared, target).await,
        Operation::PutObject => put::put(shared, parts, body, target).await,
        Operation::GetObject => get::get(shared, parts, target).await,
        Operation::HeadObject => get::head(shared, target).await,
        Operation::DeleteObject => {
            shared.store.delete_object(target.bucket, target.key).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Operation::CreateUpload => multipart::create(shared, parts, target).await,
        Operation::PutPart => multipart::put_part(shared, parts, body, target).await,
        Operation::ListParts => multipart::list_parts(shared, target).await,
        Operation::CompleteUpload => multipart::complete(shared, body, target).await,
        Operation::AbortUpload => multipart::abort(shared, target).await,
    }
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
            StoreError::Full(error) => Rejection::new(
                Code::ObsInsufficientStorageSpace,
                format!(
                    "There is no room for more bytes: {error}; delete objects, abort uploads, or make room on the disk"
                ),
            ),
            StoreError::Damaged(what) => Rejection::new(Code::ObsDataDamaged, StoreError::damage(&what)),
            StoreError::Failed(error) => Rejection::new(Code::ObsInternal, format!("Emulator: {error}")),
        })
    }
}

fn refuse(code: Code, message: impl Into<String>) -> Refused {
    Rejection::new(code, message).into()
}

/// A rejection as the OBS port answers it.
fn error(rejection: &Rejection, resource: &str, request_id: &str) -> Response {
    let mut xml = Xml::error();
    xml.element("Code", rejection.code.as_str());
    xml.element("Message", &rejection.message);
    xml.element("Resource", resource);
    xml.element("RequestId", request_id);
    xml.element("HostId", "emulator");
    xml.finish(rejection.code.status())
}
