//! The calls of a multipart upload: begin, part, complete, abort, and the lists of parts and of uploads.
//!
//! Names and forms are those of the OBS API reference, "Operations on Multipart Upload". Nothing here decides; what is
//! done with the calls is in `upload/parts`.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use quick_xml::escape::escape;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::Obs;
use super::attempt::Reply;
use super::refusal::NOT_OBS;
use super::request::{Request, header, text};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::Meter;

/// The most pages of a list that are read; each has up to a thousand entries.
const MOST_PAGES: usize = 200;

/// The most bytes of a list that are read, all pages together; ten thousand parts take some megabytes.
const LONGEST_LIST: usize = 32 * 1024 * 1024;

/// The header by which the store verifies what it gets.
pub(super) const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-obs-content-sha256");

/// One multipart upload of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
}

/// A part that the store lists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct ListedPart {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
    #[serde(rename = "Size")]
    pub(super) size: u64,
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

#[derive(Deserialize)]
pub(super) struct PartPage {
    #[serde(rename = "IsTruncated", default)]
    truncated: bool,
    #[serde(rename = "NextPartNumberMarker", default)]
    next: Option<String>,
    #[serde(rename = "Part", default)]
    parts: Vec<ListedPart>,
}

#[derive(Deserialize)]
pub(super) struct UploadPage {
    #[serde(rename = "EncodingType", default)]
    encoding: Option<String>,
    #[serde(rename = "IsTruncated", default)]
    truncated: bool,
    #[serde(rename = "NextKeyMarker", default)]
    next_key: Option<String>,
    #[serde(rename = "NextUploadIdMarker", default)]
    next_upload_id: Option<String>,
    #[serde(rename = "Upload", default)]
    uploads: Vec<ListedUpload>,
}

/// An upload that the store lists.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ListedUpload {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId")]
    pub(super) upload_id: String,
    /// When it was begun; `None` if the answer does not say it in a way that is understood.
    #[serde(rename = "Initiated", default, deserialize_with = "lenient_time")]
    pub(super) initiated: Option<Timestamp>,
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

    /// The parts that the store has, by number.
    pub(super) async fn list_parts(&self, place: Place<'_>) -> Result<BTreeMap<u32, ListedPart>, Error> {
        const OPERATION: &str = "obs_list_parts";
        let (mut found, mut pages) = (BTreeMap::new(), Pages::new(OPERATION));
        let mut marker = None;
        loop {
            let mut request = Request::new(OPERATION, Method::GET, place.bucket, place.key)
                .query("uploadId", place.upload_id.to_owned())
                .query("max-parts", "1000".to_owned());
            if let Some(marker) = marker.take() {
                request = request.query("part-number-marker", marker);
            }
            let reply = self.call(&request).await?;
            let page: PartPage = read(OPERATION, &reply)?;
            found.extend(page.parts.into_iter().map(|part| (part.number, part)));
            let Some(next) = page.next.filter(|next| page.truncated && !next.is_empty()) else { return Ok(found) };
            pages.follow(&reply, &next)?;
            marker = Some(next);
        }
    }

    /// All uploads of this very key that are neither completed nor given up.
    ///
    /// Keys are asked for in the form of addresses, because XML cannot hold every character (esdk-obs-python 3.26.6,
    /// `trans_list_multipart_uploads`); a store that does not know of that answers them as they are.
    pub(super) async fn list_uploads(&self, bucket: &str, key: &str) -> Result<Vec<ListedUpload>, Error> {
        const OPERATION: &str = "obs_list_multipart_uploads";
        let (mut found, mut pages) = (Vec::new(), Pages::new(OPERATION));
        let mut marker: Option<(String, String)> = None;
        loop {
            let mut request = Request::new(OPERATION, Method::GET, bucket, "")
                .query("uploads", None)
                .query("prefix", key.to_owned())
                .query("encoding-type", "url".to_owned())
                .query("max-uploads", "1000".to_owned());
            if let Some((key, upload_id)) = &marker {
                request = request.query("key-marker", key.clone());
                if !upload_id.is_empty() {
                    request = request.query("upload-id-marker", upload_id.clone());
                }
            }
            let reply = self.call(&request).await?;
            let page: UploadPage = read(OPERATION, &reply)?;
            let encoded = page.encoding.as_deref() == Some("url");
            let plain = |key: &str| if encoded { decoded(key) } else { key.to_owned() };
            found.extend(page.uploads.into_iter().filter(|upload| plain(&upload.key) == key));
            let next = page.next_key.filter(|next| page.truncated && !next.is_empty());
            let Some(next_key) = next else { return Ok(found) };
            let next = (plain(&next_key), page.next_upload_id.unwrap_or_default());
            pages.follow(&reply, &format!("{next:?}"))?;
            marker = Some(next);
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

/// The pages of a list so far, so that none is followed for ever.
struct Pages {
    operation: &'static str,
    bytes: usize,
    markers: HashSet<String>,
}

impl Pages {
    fn new(operation: &'static str) -> Self {
        Self { operation, bytes: 0, markers: HashSet::new() }
    }

    /// Goes on from a page to the one that its marker leads to.
    fn follow(&mut self, reply: &Reply, marker: &str) -> Result<(), Error> {
        self.bytes += reply.body.len();
        let message = if !self.markers.insert(marker.to_owned()) {
            "the list goes round in circles".to_owned()
        } else if self.markers.len() >= MOST_PAGES {
            format!("the list has more than {MOST_PAGES} pages")
        } else if self.bytes > LONGEST_LIST {
            format!("the list is longer than {LONGEST_LIST} bytes")
        } else {
            return Ok(());
        };
        let service = ServiceError::read(reply.status, &reply.headers, b"");
        Err(Error::new(ErrorKind::Unintelligible, message)
            .with_operation(self.operation)
            .with_service(service)
            .with_hint(NOT_OBS))
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

/// A key in the form of addresses, in which a blank may be a plus sign.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A time that cannot be understood is none.
fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(String::deserialize(deserializer)?.parse().ok())
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

#[cfg(test)]
mod tests;
