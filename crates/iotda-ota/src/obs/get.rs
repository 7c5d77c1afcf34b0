//! What is stored: head, and the checksum of an object's content; and delete.

use std::fmt::Display;

use http::header::{CONTENT_LENGTH, ETAG, RANGE};
use http::{HeaderMap, HeaderValue, Method};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::Obs;
use super::attempt::Answer;
use super::refusal::NOT_OBS;
use super::request::{Request, text};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Meter, Phase, Reporter};
use crate::spans::{self, Course};

const HEAD: &str = "obs_head_object";

/// A range as small as ranges can be.
const FIRST_BYTE: HeaderValue = HeaderValue::from_static("bytes=0-0");

/// What OBS says of an object. There is no digest in it: an ETag is none for every kind of upload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag, as it was answered.
    pub etag: Option<String>,
    /// The request id of the answer.
    pub request_id: Option<String>,
}

impl ObjectInfo {
    /// False if size or ETag say that it is another object. An ETag that one side leaves out says nothing, and lists and
    /// the answers to multipart uploads may write it without its quotes.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        let etags = self.etag.as_deref().zip(other.etag.as_deref());
        self.size == other.size && etags.is_none_or(|(one, other)| unquoted(one) == unquoted(other))
    }
}

/// An ETag without its quotes.
pub(super) fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}

impl Obs {
    /// Asks for an object's size without its content.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such object or bucket.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error> {
        let obs = self.begun();
        let reply = match obs.call(&Request::new(HEAD, Method::HEAD, bucket, key)).await {
            Ok(reply) => reply,
            Err(error) if matches!(error.status(), Some(301 | 307 | 400 | 403)) => {
                return Err(obs.in_words(bucket, key, &error).await.unwrap_or(error));
            }
            Err(error) => return Err(error),
        };
        // A HEAD has no body, so its length is read from the header and not from what was received.
        let size = length(&reply.headers).ok_or_else(|| {
            Error::new(ErrorKind::Unintelligible, "the answer does not tell the object's size")
                .with_operation(HEAD)
                .with_service(ServiceError::read(reply.status, &reply.headers, b""))
                .with_hint(NOT_OBS)
        })?;
        Ok(ObjectInfo { size, etag: text(&reply.headers, ETAG), request_id: reply.request_id })
    }

    /// Asks again for what a HEAD cannot say: why it was refused, or to where redirected.
    async fn in_words(&self, bucket: &str, key: &str, refused: &Error) -> Option<Error> {
        let request = Request::new("obs_get_object", Method::GET, bucket, key).header(RANGE, FIRST_BYTE);
        let said = self.open(&request, Course::first()).instrument(spans::call(request.operation)).await.err()?;
        // Another status would be about something else, but there are two for a redirection.
        let redirected = |error: &Error| matches!(error.status(), Some(301 | 307));
        let same = said.status() == refused.status() || redirected(&said) && redirected(refused);
        same.then(|| said.with_operation(HEAD).with_attempts(refused.attempts()))
    }

    /// Reads an object to its end and computes the SHA-256 of its content, the only way to know it.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such object;
    /// [`ErrorKind::Unavailable`] if the content was cut off again and again.
    pub async fn checksum(&self, bucket: &str, key: &str) -> Result<Checksum, Error> {
        self.checksum_with(bucket, key, None, Reporter::default()).await
    }

    /// The same with progress. If the size is known, content of another one is a mismatch.
    pub(crate) async fn checksum_with(
        &self,
        bucket: &str,
        key: &str,
        size: Option<u64>,
        progress: Reporter,
    ) -> Result<Checksum, Error> {
        let obs = &self.begun();
        let request = &Request::new("obs_get_object", Method::GET, bucket, key);
        let meter = &Meter::start(progress, Phase::Verify, size.unwrap_or_default());
        obs.repeat(request, |course| async move {
            let mut answer = obs.open(request, course).await?;
            let told = length(answer.response.headers());
            // Who promises no end could send for ever.
            let Some(size) = size.or(told) else { return Err(without_length(request, &answer)) };
            let other = |found: &dyn Display| Err(other_size(request, size, found));
            if let Some(told) = told.filter(|told| *told != size) {
                return other(&told);
            }
            let watch = obs.watch(None);
            let mut digest = Sha256::new();
            let mut read = 0;
            let result = loop {
                match obs.next(request, &mut answer, &watch).await {
                    Ok(Some(chunk)) => {
                        digest.update(&chunk);
                        read += chunk.len() as u64;
                        meter.add(chunk.len() as u64);
                        if read > size {
                            break other(&"more");
                        }
                    }
                    Ok(None) if read < size => break other(&read),
                    Ok(None) => return Ok(Checksum::from_digest(digest.finalize().into())),
                    Err(error) => break Err(error),
                }
            };
            meter.take_back(read);
            result
        })
        .await
    }

    /// Deletes an object. One that is not there counts as deleted.
    ///
    /// # Errors
    ///
    /// [`is_denied`](Error::is_denied) if the key may not delete there.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), Error> {
        match self.begun().call(&Request::new("obs_delete_object", Method::DELETE, bucket, key)).await {
            Err(error) if error.is_not_found() && error.error_code() == Some("NoSuchKey") => Ok(()),
            result => result.map(drop),
        }
    }
}

/// The length that an answer promises.
fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, CONTENT_LENGTH)?.parse().ok()
}

/// The error for content that may never end.
fn without_length(request: &Request<'_>, answer: &Answer) -> Error {
    let (status, headers) = (answer.response.status(), answer.response.headers());
    Error::new(ErrorKind::Unintelligible, "the answer does not tell the object's size")
        .with_operation(request.operation)
        .with_service(ServiceError::read(status, headers, b""))
        .with_hint(NOT_OBS)
}

/// The error for content that is longer or shorter than the object.
fn other_size(request: &Request<'_>, size: u64, found: &dyn Display) -> Error {
    let Request { bucket, key, .. } = request;
    let message = format!("object {key:?} in bucket {bucket:?} has {size} bytes, but its content has {found}");
    Error::new(ErrorKind::Mismatch, message)
        .with_operation(request.operation)
        .with_hint("see that nobody writes to this key at the same time, and that no proxy changes the content")
}
