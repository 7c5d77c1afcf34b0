//! GET and HEAD object.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED};
use http::{HeaderName, HeaderValue};
use tokio_util::io::ReaderStream;

use super::super::Shared;
use super::Refused;
use crate::clock::http_date;
use crate::rejection::{Code, Rejection};
use crate::store::Object;

/// How much of a file is read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Answers with the bytes of an object, read from its file as the client takes them.
pub(super) async fn get(shared: &Shared, bucket: String, key: String) -> Result<Response, Refused> {
    match shared.store.open_object(bucket, key.clone()).await? {
        Some((object, file)) => {
            let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(file), CHUNK_BYTES);
            Ok(answer(&object, Body::from_stream(bytes)))
        }
        None => Err(no_such_key(&key)),
    }
}

/// Answers with what is known of an object.
pub(super) async fn head(shared: &Shared, bucket: String, key: String) -> Result<Response, Refused> {
    match shared.store.object(bucket, key.clone()).await? {
        Some(object) => Ok(answer(&object, Body::empty())),
        None => Err(no_such_key(&key)),
    }
}

fn no_such_key(key: &str) -> Refused {
    Rejection::new(Code::ObsNoSuchKey, format!("The object {key:?} does not exist")).into()
}

fn answer(object: &Object, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, object.size.into());
    let texts = [
        (CONTENT_TYPE, object.content_type.clone()),
        (ETAG, format!("\"{}\"", object.md5)),
        (LAST_MODIFIED, http_date(object.modified)),
    ];
    let metadata =
        object.metadata.iter().filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, value.clone())));
    for (name, value) in texts.into_iter().chain(metadata) {
        // They all came in as headers, so they can go out as headers.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}
