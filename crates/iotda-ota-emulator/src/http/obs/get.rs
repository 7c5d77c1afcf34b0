//! GET and HEAD object.

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};

use super::super::{Shared, set};
use super::range::{self, Range};
use super::target::Target;
use super::{Refused, refuse};
use crate::clock::http_date;
use crate::rejection::{Code, Rejection};
use crate::store::Object;

/// Answers with bytes of an object, read from its files as the client takes them.
pub(super) async fn get(shared: &Shared, parts: &Parts, target: Target) -> Result<Response, Refused> {
    let Target { bucket, key, .. } = target;
    let Some((object, reader)) = shared.store.open_object(bucket, key.clone()).await? else {
        return Err(no_such_key(&key));
    };
    let size = object.content.size;
    let range = match parts.headers.get(RANGE).and_then(|range| range.to_str().ok()) {
        Some(value) => range::read(value, size),
        None => Range::Whole,
    };
    match range {
        Range::Whole => Ok(answer(&object, size, Body::from_stream(reader.into_stream()))),
        Range::Part { first, last } => {
            let length = last - first + 1;
            let bytes = reader.range(first, length).into_stream();
            let mut response = answer(&object, length, Body::from_stream(bytes));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(&mut response, CONTENT_RANGE.as_str(), &format!("bytes {first}-{last}/{size}"));
            Ok(response)
        }
        Range::BehindTheEnd => Err(refuse(Code::ObsInvalidRange, format!("The object has {size} bytes"))),
    }
}

/// Answers with what is known of an object.
pub(super) async fn head(shared: &Shared, target: Target) -> Result<Response, Refused> {
    let Target { bucket, key, .. } = target;
    match shared.store.object(bucket, key.clone()).await? {
        Some(object) => Ok(answer(&object, object.content.size, Body::empty())),
        None => Err(no_such_key(&key)),
    }
}

fn no_such_key(key: &str) -> Refused {
    Rejection::new(Code::ObsNoSuchKey, format!("The object {key:?} does not exist")).into()
}

fn answer(object: &Object, length: u64, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let texts = [
        (CONTENT_TYPE, object.about.content_type.clone()),
        (ETAG, format!("\"{}\"", object.content.etag)),
        (LAST_MODIFIED, http_date(object.modified)),
    ];
    let metadata = object
        .about
        .metadata
        .iter()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value.clone())));
    for (name, value) in texts.into_iter().chain(metadata) {
        // They all came in as headers, so they can go out as headers.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}
