//! Receiving a body, of an object or of a part: stream it to disk, compare the checksums.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::TRANSFER_ENCODING;
use http::request::Parts;

use super::super::Shared;
use super::super::body::{BodyError, Chunks, declared_length};
use super::{Refused, refuse};
use crate::rejection::{Code, Rejection};
use crate::store::{Digests, Received, Wanted, hex};

/// Most bytes of one PUT: 5 GB, read as 5 GiB like the official OBS SDK does.
const MOST_BYTES: u64 = 5 << 30;

/// Streams a body to disk; `Wanted` are the checksums to compute besides those that the request promises.
pub(super) async fn receive(
    shared: &Shared,
    parts: &Parts,
    body: &mut Option<Body>,
    checksums: &Checksums,
    wanted: Wanted,
) -> Result<Received, Refused> {
    match declared_length(parts) {
        Some(length) if length > MOST_BYTES => return Err(too_large(length)),
        Some(_) => {}
        None if parts.headers.contains_key(TRANSFER_ENCODING) => {}
        None => return Err(refuse(Code::ObsMissingContentLength, "The request needs a Content-Length header")),
    }
    let wanted =
        Wanted { md5: wanted.md5 || checksums.md5.is_some(), sha256: wanted.sha256 || checksums.sha256.is_some() };
    let received = stream(shared, body, wanted).await?;
    checksums.compare(&received.digests)?;
    Ok(received)
}

async fn stream(shared: &Shared, body: &mut Option<Body>, wanted: Wanted) -> Result<Received, Refused> {
    let mut incoming = shared.store.receive(wanted);
    let mut chunks = Chunks::new(body.take().unwrap_or_default(), shared.patience);
    let mut length = 0;
    loop {
        match chunks.next().await {
            Ok(None) => return Ok(incoming.finish().await?),
            Ok(Some(chunk)) => {
                length += chunk.len() as u64;
                let written = match length {
                    0..=MOST_BYTES => incoming.write(chunk).await.map_err(Refused::from),
                    _ => Err(too_large(length)),
                };
                if let Err(refused) = written {
                    // The bytes so far go first: the rest may take a while.
                    drop(incoming);
                    chunks.discard().await;
                    return Err(refused);
                }
            }
            Err(BodyError::Stalled(message)) => return Err(refuse(Code::ObsRequestTimeout, message)),
            Err(BodyError::Broken(message)) => return Err(refuse(Code::ObsIncompleteBody, message)),
        }
    }
}

fn too_large(length: u64) -> Refused {
    refuse(Code::ObsEntityTooLarge, format!("One PUT may carry {MOST_BYTES} bytes, not {length}"))
}

/// The checksums a request promises for its body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checksums {
    md5: Option<[u8; 16]>,
    /// Lower-case hexadecimal digits.
    sha256: Option<String>,
}

impl Checksums {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Rejection> {
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

    /// Whether the request promises an MD5.
    pub(super) fn has_md5(&self) -> bool {
        self.md5.is_some()
    }

    fn compare(&self, found: &Digests) -> Result<(), Rejection> {
        match (self.md5, found.md5) {
            (Some(promised), Some(found)) if promised != found => {
                return Err(Rejection::new(
                    Code::ObsBadDigest,
                    format!("Content-MD5 is not that of the body, which is {}", STANDARD.encode(found)),
                ));
            }
            _ => {}
        }
        match (&self.sha256, found.sha256.map(|digest| hex(&digest))) {
            (Some(promised), Some(found)) if *promised != found => Err(Rejection::new(
                Code::ObsSha256Mismatch,
                format!("x-obs-content-sha256 is not that of the body, which is {found}"),
            )),
            _ => Ok(()),
        }
    }
}

/// The value of a header; values of a repeated one are joined by a comma, as the signature does.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Result<Option<String>, Rejection> {
    let mut values = Vec::new();
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_| {
            Rejection::new(Code::ObsInvalidArgument, format!("The header {name} must be printable ASCII"))
        })?;
        values.push(value);
    }
    Ok((!values.is_empty()).then(|| values.join(",")))
}
