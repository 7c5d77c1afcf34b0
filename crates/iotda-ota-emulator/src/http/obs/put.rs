//! PUT object, and what a request says about an object besides its bytes.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, ETAG};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::super::{Shared, set};
use super::receive::{Checksums, receive, text};
use super::target::Target;
use super::{Refused, refuse};
use crate::rejection::{Code, Rejection};
use crate::store::{NewObject, Wanted, hex};

/// The prefix of the headers that are kept with an object.
const METADATA: &str = "x-obs-meta-";

/// Stores an object in place of the one that had the key before.
pub(super) async fn put(
    shared: &Shared,
    parts: &Parts,
    body: &mut Option<Body>,
    target: Target,
) -> Result<Response, Refused> {
    refuse_copy(&parts.headers)?;
    let checksums = Checksums::read(&parts.headers)?;
    let about = about(&parts.headers, target)?;
    // The ETag is the MD5, as the API reference has it.
    let wanted = Wanted { md5: true, sha256: false };
    let received = receive(shared, parts, body, &checksums, wanted).await?;
    let etag = hex(&received.digests.md5.unwrap_or_default());
    let object = shared.store.put_object(about, etag, received).await?;
    Ok(stored(&object.content.etag))
}

/// The answer to bytes that were stored.
pub(super) fn stored(etag: &str) -> Response {
    let mut response = StatusCode::OK.into_response();
    set(&mut response, ETAG.as_str(), &format!("\"{etag}\""));
    response
}

pub(super) fn refuse_copy(headers: &HeaderMap) -> Result<(), Refused> {
    if headers.contains_key("x-obs-copy-source") {
        return Err(refuse(Code::ObsNotImplemented, "The emulator cannot copy objects"));
    }
    Ok(())
}

/// What the headers of a request say about an object.
pub(super) fn about(headers: &HeaderMap, target: Target) -> Result<NewObject, Rejection> {
    let content_type = text(headers, CONTENT_TYPE.as_str())?.unwrap_or_else(|| "application/octet-stream".to_owned());
    let mut metadata = BTreeMap::new();
    for name in headers.keys().map(|name| name.as_str()) {
        if name.starts_with(METADATA)
            && let Some(value) = text(headers, name)?
        {
            metadata.insert(name.to_owned(), value);
        }
    }
    Ok(NewObject { bucket: target.bucket, key: target.key, content_type, metadata })
}
