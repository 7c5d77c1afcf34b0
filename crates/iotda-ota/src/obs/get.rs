//! What is stored: head, and the checksum of an object's content; and delete.

use http::Method;
use http::header::{CONTENT_LENGTH, ETAG};
use sha2::{Digest, Sha256};

use super::Obs;
use super::request::{Answer, Request, text};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Meter, Phase, Reporter};
use crate::retry;

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
        let reply = match self.call(&Request::new(OPERATION, Method::HEAD, bucket, key)).await {
            Ok(reply) => reply,
            Err(error) if matches!(error.status(), Some(301 | 307)) => {
                return Err(self.redirected(bucket, key).await.unwrap_or(error));
            }
            Err(error) => return Err(error),
        };
        // A HEAD has no body, so its length is read from the header and not from what was received.
        let size = text(&reply.headers, CONTENT_LENGTH).and_then(|size| size.parse().ok()).ok_or_else(|| {
            Error::new(ErrorKind::Unintelligible, "the answer does not tell the object's size")
                .with_operation(OPERATION)
                .with_service(ServiceError::read(reply.status, &reply.headers, b""))
        })?;
        Ok(ObjectInfo { size, etag: text(&reply.headers, ETAG), request_id: reply.request_id })
    }

    /// Asks again for what a HEAD cannot say: to where it was redirected.
    async fn redirected(&self, bucket: &str, key: &str) -> Option<Error> {
        let request = Request::new("obs_get_object", Method::GET, bucket, key);
        self.open(&request).await.err().filter(|error| matches!(error.status(), Some(301 | 307)))
    }

    /// Reads an object to its end and computes the SHA-256 of its content, the only way to know it.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such object;
    /// [`ErrorKind::Unavailable`] if the content was cut off again and again.
    pub async fn checksum(&self, bucket: &str, key: &str) -> Result<Checksum, Error> {
        self.checksum_with(bucket, key, 0, Reporter::default()).await
    }

    /// The same for an object whose size is known, with progress.
    pub(crate) async fn checksum_with(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
        progress: Reporter,
    ) -> Result<Checksum, Error> {
        const OPERATION: &str = "obs_get_object";
        let request = &Request::new(OPERATION, Method::GET, bucket, key);
        let meter = &Meter::start(progress, Phase::Verify, size);
        retry::run(&self.retry, || async move {
            let Answer { mut response, watch, .. } = self.open(request).await?;
            let mut digest = Sha256::new();
            let mut read = 0;
            let error = loop {
                match watch.guard(response.chunk()).await {
                    Some(Ok(Some(chunk))) => {
                        digest.update(&chunk);
                        read += chunk.len() as u64;
                        meter.add(chunk.len() as u64);
                    }
                    Some(Ok(None)) => return Ok(Checksum::from_digest(digest.finalize().into())),
                    Some(Err(error)) => break self.no_answer(OPERATION, error),
                    None => break self.silent(OPERATION, &watch),
                }
            };
            meter.take_back(read);
            Err(error)
        })
        .await
    }

    /// Deletes an object. One that is not there counts as deleted.
    ///
    /// # Errors
    ///
    /// [`is_denied`](Error::is_denied) if the key may not delete there.
    pub async fn delete(&self, bucket: &str, key: &str) -> Result<(), Error> {
        match self.call(&Request::new("obs_delete_object", Method::DELETE, bucket, key)).await {
            Err(error) if error.is_not_found() && error.error_code() == Some("NoSuchKey") => Ok(()),
            result => result.map(drop),
        }
    }
}
