//! PUT object: stream the bytes to disk, compare the checksums, switch the record.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::super::body::{BodyError, Chunks, declared_length};
use super::super::{Shared, set};
use super::Refused;
use crate::rejection::{Code, Rejection};
use crate::store::{NewObject, Received};

/// Most bytes of one PUT: 5 GB, read as 5 GiB like the official OBS SDK does.
const MOST_BYTES: u64 = 5 << 30;

/// The prefix of the headers that are kept with an object.
const METADATA: &str = "x-obs-meta-";

/// Stores an object in place of the one that had the key before.
pub(super) async fn put(
    shared: &Shared,
    parts: &Parts,
    body: &mut Option<Body>,
    bucket: String,
    key: String,
) -> Result<Response, Refused> {
    if parts.headers.contains_key("x-obs-copy-source") {
        return Err(Rejection::new(Code::ObsNotImplemented, "The emulator cannot copy objects").into());
    }
    let Some(length) = declared_length(parts) else {
        return Err(Rejection::new(Code::ObsMissingContentLength, "The request needs a Content-Length header").into());
    };
    if length > MOST_BYTES {
        return Err(Rejection::new(
            Code::ObsEntityTooLarge,
            format!("One PUT may carry {MOST_BYTES} bytes, not {length}"),
        )
        .into());
    }
    let expected = Checksums::read(&parts.headers)?;
    let new = NewObject {
        bucket,
        key,
        content_type: text(&parts.headers, CONTENT_TYPE.as_str())?
            .unwrap_or_else(|| "application/octet-stream".to_owned()),
        metadata: metadata(&parts.headers)?,
    };

    let received = receive(shared, body).await?;
    expected.compare(&received)?;
    let object = shared.store.put_object(new, received).await?;

    let mut response = StatusCode::OK.into_response();
    set(&mut response, "etag", &format!("\"{}\"", object.md5));
    Ok(response)
}

async fn receive(shared: &Shared, body: &mut Option<Body>) -> Result<Received, Refused> {
    let mut upload = shared.store.begin_upload();
    let mut chunks = Chunks::new(body.take().unwrap_or_default(), shared.patience);
    loop {
        match chunks.next().await {
            Ok(None) => return Ok(upload.finish().await?),
            Ok(Some(chunk)) => {
                if let Err(error) = upload.write(chunk).await {
                    chunks.discard().await;
                    return Err(error.into());
                }
            }
            Err(BodyError::Stalled(message)) => return Err(Rejection::new(Code::ObsRequestTimeout, message).into()),
            Err(BodyError::Broken(message)) => return Err(Rejection::new(Code::ObsIncompleteBody, message).into()),
        }
    }
}

/// The checksums a request promises for its body.
#[derive(Debug, Default, PartialEq, Eq)]
struct Checksums {
    md5: Option<[u8; 16]>,
    /// Lower-case hexadecimal digits.
    sha256: Option<String>,
}

impl Checksums {
    fn read(headers: &HeaderMap) -> Result<Self, Rejection> {
        let invalid = |message: &str| Rejection::new(Code::ObsInvalidArgument, message);
        let md5 = match text(headers, "content-md5")? {
            None => None,
            Some(value) => {
                let bytes = STANDARD.decode(value).ok().and_then(|bytes| bytes.try_into().ok());
                Some(bytes.ok_or_else(|| invalid("Content-MD5 must be the Base64 form of 16 bytes"))?)
            }
        };
        let sha256 = match text(headers, "x-obs-content-sha256")? {
            None => None,
            Some(value) if value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Some(value.to_ascii_lowercase())
            }
            Some(_) => return Err(invalid("x-obs-content-sha256 must have 64 hexadecimal digits")),
        };
        Ok(Self { md5, sha256 })
    }

    fn compare(&self, received: &Received) -> Result<(), Rejection> {
        if self.md5.is_some_and(|md5| md5 != received.md5) {
            return Err(Rejection::new(
                Code::ObsBadDigest,
                format!("Content-MD5 is not that of the body, which is {}", STANDARD.encode(received.md5)),
            ));
        }
        let sha256 = crate::store::hex(&received.sha256);
        match &self.sha256 {
            Some(expected) if *expected != sha256 => Err(Rejection::new(
                Code::ObsSha256Mismatch,
                format!("x-obs-content-sha256 is not that of the body, which is {sha256}"),
            )),
            _ => Ok(()),
        }
    }
}

fn metadata(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Rejection> {
    let mut metadata = BTreeMap::new();
    for name in headers.keys().map(|name| name.as_str()) {
        if name.starts_with(METADATA)
            && let Some(value) = text(headers, name)?
        {
            metadata.insert(name.to_owned(), value);
        }
    }
    Ok(metadata)
}

/// The value of a header; values of a repeated one are joined by a comma, as the signature does.
fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, Rejection> {
    let mut values = Vec::new();
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| {
            Rejection::new(Code::ObsInvalidArgument, format!("The header {name} must be printable ASCII"))
        })?;
        values.push(value);
    }
    Ok((!values.is_empty()).then(|| values.join(",")))
}
