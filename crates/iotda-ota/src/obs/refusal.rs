//! What a refusal of OBS means.

use std::time::Duration;

use http::StatusCode;
use tokio::time::timeout;

use crate::error::secrets::Secrets;
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};

/// How much of an error's body is read.
const LONGEST_ERROR: usize = 64 * 1024;

/// How long is waited for an error's body.
const PATIENCE: Duration = Duration::from_secs(5);

const CHECK_KEY: &str = "check the access key, its permissions for the bucket, and that this machine's clock is right: \
     OBS refuses requests that are more than 15 minutes off";

/// The error for a refusal, with as much of its body as a message needs.
pub(super) async fn read(
    operation: &'static str,
    bucket: &str,
    key: &str,
    mut response: reqwest::Response,
    secrets: &Secrets,
) -> Error {
    // What came in time is enough for a message.
    let mut body = Vec::new();
    let _ = timeout(PATIENCE, read_error(&mut response, &mut body)).await;
    let service = ServiceError::read_without(secrets, response.status(), response.headers(), &body);
    let bucket_is_missing = service.error_code.as_deref() == Some("NoSuchBucket");
    let (kind, message, hint) = match response.status() {
        StatusCode::NOT_FOUND if bucket_is_missing => (
            ErrorKind::NotFound,
            format!("there is no bucket {bucket:?}"),
            Some("check the bucket's name, and that the OBS address is the one of its region"),
        ),
        StatusCode::NOT_FOUND => {
            (ErrorKind::NotFound, format!("there is no object {key:?} in bucket {bucket:?}"), None)
        }
        StatusCode::UNAUTHORIZED => (ErrorKind::Unauthenticated, "not authenticated".to_owned(), Some(CHECK_KEY)),
        StatusCode::FORBIDDEN => (ErrorKind::Denied, format!("not permitted in bucket {bucket:?}"), Some(CHECK_KEY)),
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT if service.error_code.is_some() => (
            ErrorKind::Rejected,
            format!("bucket {bucket:?} is in another region"),
            Some("give the OBS address of the bucket's region"),
        ),
        status if status.is_redirection() => (
            ErrorKind::Unintelligible,
            "redirected, which OBS does not do like this".to_owned(),
            Some("check the OBS address, and that no proxy answers in its place"),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            (ErrorKind::Unavailable, "too many requests".to_owned(), Some("wait a little and try again"))
        }
        status if status.is_server_error() => {
            (ErrorKind::Unavailable, "OBS failed".to_owned(), Some("wait a little and try again"))
        }
        _ => (ErrorKind::Rejected, "refused by OBS".to_owned(), None),
    };
    let error = Error::new(kind, message).with_operation(operation).with_service(service);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// Reads the body of a refusal, up to a bound.
async fn read_error(response: &mut reqwest::Response, body: &mut Vec<u8>) {
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LONGEST_ERROR - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == LONGEST_ERROR {
            return;
        }
    }
}
