//! The package operations of the IoTDA port: create, list, show, delete.

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use super::caller::Authorized;
use super::{Refused, Shared, answer, json_bytes};
use crate::rejection::{Code, Rejection};
use crate::rules;

pub(super) fn routes() -> Router<Arc<Shared>> {
    const PACKAGES: &str = "/v5/iot/{project_id}/ota-upgrades/packages";
    const PACKAGE: &str = "/v5/iot/{project_id}/ota-upgrades/packages/{package_id}";
    Router::new().route(PACKAGES, get(list).post(create)).route(PACKAGE, get(show).delete(delete))
}

async fn create(
    _caller: Authorized,
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    check_media_type(&headers)?;
    let new = rules::create::read(&body)?;
    let package = shared.store.create_package(new, shared.checks).await?;
    Ok(answer(StatusCode::CREATED, &package))
}

/// The body must be JSON; a request that does not say what it is counts as JSON.
fn check_media_type(headers: &HeaderMap) -> Result<(), Rejection> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Rejection::new(Code::InvalidFormat, format!("The media type must be application/json, not {media_type:?}")))
}

async fn list(
    _caller: Authorized,
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = rules::list::read(query.as_deref().unwrap_or_default(), &shared.limits)?;
    let page = shared.store.list_packages(&query)?;
    let mut body = Vec::with_capacity(page.json.len() + 96);
    body.extend_from_slice(b"{\"packages\":[");
    body.extend_from_slice(&page.json);
    body.extend_from_slice(b"],\"page\":{\"count\":");
    body.extend_from_slice(page.count.to_string().as_bytes());
    // What the service puts on an empty page is not known.
    if let Some(last) = page.last {
        body.extend_from_slice(b",\"marker\":\"");
        body.extend_from_slice(last.as_bytes());
        body.push(b'"');
    }
    body.extend_from_slice(b"}}");
    Ok(json_bytes(StatusCode::OK, body))
}

async fn show(caller: Authorized, State(shared): State<Arc<Shared>>) -> Result<Response, Refused> {
    rules::package_id(&caller.package_id)?;
    match shared.store.show_package(&caller.package_id)? {
        Some(package) => Ok(json_bytes(StatusCode::OK, package)),
        None => Err(not_found(&caller.package_id).into()),
    }
}

async fn delete(caller: Authorized, State(shared): State<Arc<Shared>>) -> Result<Response, Refused> {
    rules::package_id(&caller.package_id)?;
    if shared.store.delete_package(caller.package_id.clone()).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(not_found(&caller.package_id).into())
    }
}

fn not_found(package_id: &str) -> Rejection {
    Rejection::new(Code::PackageNotFound, format!("The package {package_id} does not exist"))
}
