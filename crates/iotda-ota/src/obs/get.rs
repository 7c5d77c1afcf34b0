//! What is stored: head, and the checksum of an object's content.

use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, HeaderName, Method};
use sha2::{Digest, Sha256};

use super::{Answer, Obs};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;

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

impl Obs {
    /// Asks for an object's size without its content.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such object or bucket.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, Error> {
        const OPERATION: &str = "obs_head_object";
        let answer = self.send(self.draft(OPERATION, Method::HEAD, bucket, key)).await?;
        let headers = answer.response.headers();
        // A HEAD has no body, so its length is read from the header and not from what was received.
        let size = text(headers, CONTENT_LENGTH).and_then(|size| size.parse().ok()).ok_or_else(|| {
            Error::new(ErrorKind::Unintelligible, "the answer does not tell the object's size")
                .with_operation(OPERATION)
                .with_service(ServiceError::read(answer.response.status(), headers, b""))
        })?;
        Ok(ObjectInfo { size, etag: text(headers, ETAG), request_id: answer.request_id })
    }

    /// Reads an object to its end and computes the SHA-256 of its content, the only way to know it.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such object;
    /// [`ErrorKind::Unavailable`] if the content was cut off.
    pub async fn checksum(&self, bucket: &str, key: &str) -> Result<Checksum, Error> {
        const OPERATION: &str = "obs_get_object";
        let Answer { mut response, watch, .. } = self.send(self.draft(OPERATION, Method::GET, bucket, key)).await?;
        let mut digest = Sha256::new();
        loop {
            match watch.guard(response.chunk()).await {
                Some(Ok(Some(chunk))) => digest.update(&chunk),
                Some(Ok(None)) => return Ok(Checksum::from_digest(digest.finalize().into())),
                Some(Err(error)) => return Err(self.no_answer(OPERATION, error)),
                None => return Err(self.silent(OPERATION, &watch)),
            }
        }
    }
}

/// A header's text.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
