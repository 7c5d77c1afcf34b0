//! The calls of a multipart upload: begin, part, complete, abort; the lists of parts and of uploads are in `lists`.
//!
//! Names and forms are those of the OBS API reference, "Operations on Multipart Upload". Nothing here decides; what is
//! done with the calls is in `upload/parts`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, Method};
use quick_xml::escape::escape;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Obs;
use super::attempt::Reply;
use super::refusal::NOT_OBS;
use super::request::{Request, header, text};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::Meter;

mod lists;

#[cfg(any(test, fuzzing))]
pub(super) use lists::{PartPage, UploadPage};

/// The header by which the store verifies what it gets.
pub(super) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-obs-content-sha256");

/// One multipart upload of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Begun {
    #[serde(rename = "UploadId")]
    upload_id: String,
}

#[derive(Deserialize)]
pub(super) struct Completed {
    #[serde(rename = "ETag")]
    etag: String,
}

impl Obs {
    /// Begins an upload and answers its id, and which attempt that was.
    pub(super) async fn begin_multipart(&self, bucket: &str, key: &str) -> Result<(String, u32), Error> {
        const OPERATION: &str = "obs_begin_multipart_upload";
        let request = Request::new(OPERATION, Method::POST, bucket, key).query("uploads", None);
        let reply = self.call(&request.header(CONTENT_TYPE, BINARY)).await?;
        let begun: Begun = read(OPERATION, &reply)?;
        if begun.upload_id.is_empty() {
            return Err(unintelligible(OPERATION, &reply));
        }
        Ok((begun.upload_id, reply.attempt))
    }

    /// Sends one part and answers its ETag. The store compares the bytes with the checksum.
    pub(super) async fn put_part(
        &self,
        place: Place<'_>,
        number: u32,
        bytes: Bytes,
        checksum: &Checksum,
        meter: &Arc<Meter>,
    ) -> Result<String, Error> {
        const OPERATION: &str = "obs_put_part";
        let request = Request::new(OPERATION, Method::PUT, place.bucket, place.key)
            .query("partNumber", number.to_string())
            .query("uploadId", place.upload_id.to_owned())
            .header(CONTENT_SHA256, header(checksum.as_str())?)
            .body(bytes, Some(Arc::clone(meter)));
        let reply = self.call_unless_damaged(&request).await?;
        text(&reply.headers, ETAG).ok_or_else(|| unintelligible(OPERATION, &reply))
    }

    /// Makes an object of the parts, given as numbers and ETags, and answers its ETag and the request id.
    pub(super) async fn complete_multipart(
        &self,
        place: Place<'_>,
        parts: &BTreeMap<u32, String>,
    ) -> Result<(String, Option<String>), Error> {
        const OPERATION: &str = "obs_complete_multipart_upload";
        let parts = parts.iter().map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>", escape(etag.as_str()))
        });
        let body = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.collect::<String>());
        let request = Request::new(OPERATION, Method::POST, place.bucket, place.key)
            .query("uploadId", place.upload_id.to_owned())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/xml"))
            .body(body.into(), None);
        let reply = self.call(&request).await?;
        let completed: Completed = read(OPERATION, &reply)?;
        Ok((completed.etag, reply.request_id))
    }

    /// Gives an upload up, and with it what was sent. One that is gone already counts as given up.
    pub(super) async fn abort_multipart(&self, place: Place<'_>) -> Result<(), Error> {
        let request = Request::new("obs_abort_multipart_upload", Method::DELETE, place.bucket, place.key);
        match self.call(&request.query("uploadId", place.upload_id.to_owned())).await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result.map(drop),
        }
    }

    /// Sends bytes that go with their checksum, and once again if they arrive damaged.
    pub(super) async fn call_unless_damaged(&self, request: &Request<'_>) -> Result<Reply, Error> {
        match self.call(request).await {
            Err(error) if is_damaged(&error) => {
                tracing::warn!(%error, "sent bytes arrived damaged");
                self.call(request).await
            }
            result => result,
        }
        .map_err(|error| {
            if !is_damaged(&error) {
                return error;
            }
            Error::new(ErrorKind::Mismatch, "what arrived at OBS was not what was sent, twice")
                .with_operation(request.operation)
                .with_source(error)
                .with_hint("something on the way changes the bytes: check proxies and the memory of this machine")
        })
    }
}

/// True if the store no longer knows an upload: it was completed, or given up.
pub(super) fn is_gone(error: &Error) -> bool {
    error.is_not_found() && error.error_code() == Some("NoSuchUpload")
}

/// The content type of firmware.
pub(super) const BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// True if the store says that a checksum is not that of the bytes.
///
/// `BadDigest` is documented for Content-MD5. Which code stands for `x-obs-content-sha256` is not verified, so whatever
/// names a digest counts.
fn is_damaged(error: &Error) -> bool {
    let code = error.error_code().unwrap_or_default().to_ascii_lowercase();
    error.status() == Some(400) && (code.contains("digest") || code.contains("sha256"))
}

/// Reads the XML of an answer. A status of success may still bring an error, because completing can take longer than the
/// store waits before it answers.
pub(super) fn read<T: DeserializeOwned>(operation: &'static str, reply: &Reply) -> Result<T, Error> {
    let found = std::str::from_utf8(&reply.body).ok().and_then(|text| quick_xml::de::from_str(text).ok());
    found.ok_or_else(|| unintelligible(operation, reply))
}

fn unintelligible(operation: &'static str, reply: &Reply) -> Error {
    let service = ServiceError::read(reply.status, &reply.headers, &reply.body);
    let (kind, message, hint) = match service.error_code.as_deref() {
        Some("InternalError" | "ServiceUnavailable" | "SlowDown") => {
            (ErrorKind::Unavailable, "OBS failed, though with a status of success", "wait a little and try again")
        }
        Some(_) => (ErrorKind::Rejected, "refused by OBS, though with a status of success", "see what the code says"),
        None => (ErrorKind::Unintelligible, "the answer is not one of OBS", NOT_OBS),
    };
    Error::new(kind, message).with_operation(operation).with_service(service).with_hint(hint)
}
