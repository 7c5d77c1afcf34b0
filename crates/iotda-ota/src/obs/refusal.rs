//! What a refusal of OBS means.

use std::time::Duration;

use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::request::Request;
use crate::auth::{Credentials, Secret};
use crate::error::hints;
use crate::error::secrets::Secrets;
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};

/// How much of an error's body is read.
const LONGEST_ERROR: usize = 64 * 1024;

/// How much of an address is kept; host names are not longer.
const LONGEST_ADDRESS: usize = 255;

/// How long is waited for an error's body.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to do about an answer that OBS does not give.
pub(super) const NOT_OBS: &str = "check the OBS address, and that no proxy answers in its place";

const CHECK_KEY: &str = "check the access key, its permissions for the bucket, and that this machine's clock is right: \
     OBS refuses requests that are more than 15 minutes off";

const CHECK_TEMPORARY_KEY: &str = "the access key is a temporary one, which may have expired: fetch new temporary \
     credentials and run the same command again; an upload goes on where it was. If that is not it, check the key's \
     permissions for the bucket, and that this machine's clock is right";

/// The code of a store that is full. That comes with status 403, though it has nothing to do with permissions (OBS API
/// reference, "Error Codes").
const NO_ROOM: &str = "InsufficientStorageSpace";

/// Codes of a request that broke off on its way, which come with status 400 (OBS API reference, "Error Codes").
const INTERRUPTED: [&str; 2] = ["RequestTimeout", "IncompleteBody"];

/// As much of a refusal's body as a message needs, and as comes in time.
pub(super) async fn body(response: &mut reqwest::Response, end: Option<Instant>) -> Vec<u8> {
    let mut body = Vec::new();
    let patience = Instant::now() + PATIENCE;
    let _ = timeout_at(end.map_or(patience, |end| end.min(patience)), read_error(response, &mut body)).await;
    body
}

/// The error for a refusal.
pub(super) fn read(
    request: &Request<'_>,
    credentials: &Credentials,
    response: &reqwest::Response,
    body: &[u8],
    secrets: &Secrets,
) -> Error {
    let Request { operation, bucket, key, .. } = request;
    let temporary = matches!(credentials.secret(), Secret::AccessKey(key) if key.token().is_some());
    let check_key = if temporary { CHECK_TEMPORARY_KEY } else { CHECK_KEY };
    let service = ServiceError::read_without(secrets, response.status(), response.headers(), body);
    let code = service.error_code.as_deref().unwrap_or_default();
    let elsewhere = other_address(response, body).map(|address| secrets.hide(&address));
    let (kind, message, hint) = match response.status() {
        StatusCode::NOT_FOUND if code == "NoSuchBucket" => (
            ErrorKind::NotFound,
            format!("there is no bucket {bucket:?}"),
            Some("check the bucket's name, and that the OBS address is the one of its region"),
        ),
        StatusCode::NOT_FOUND if code == "NoSuchUpload" => (
            ErrorKind::NotFound,
            format!("there is no such multipart upload of object {key:?} in bucket {bucket:?}"),
            Some(
                "somebody cancelled it, or completed it: see that nobody else uploads to this key or cleans up the bucket, \
                 then run the same command again, which starts the upload anew",
            ),
        ),
        StatusCode::NOT_FOUND => {
            (ErrorKind::NotFound, format!("there is no object {key:?} in bucket {bucket:?}"), None)
        }
        StatusCode::UNAUTHORIZED => (ErrorKind::Unauthenticated, "not authenticated".to_owned(), Some(check_key)),
        _ if service.is_throttled() => {
            (ErrorKind::Unavailable, "too many requests".to_owned(), Some("wait a little and try again"))
        }
        StatusCode::FORBIDDEN if code == NO_ROOM => (
            ErrorKind::Rejected,
            format!("there is no room left for bucket {bucket:?}"),
            Some("raise the quota or delete what nobody needs, then run the same command again"),
        ),
        StatusCode::FORBIDDEN => (ErrorKind::Denied, format!("not permitted in bucket {bucket:?}"), Some(check_key)),
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT if !code.is_empty() || elsewhere.is_some() => (
            ErrorKind::Rejected,
            match &elsewhere {
                Some(address) => format!("bucket {bucket:?} is in another region, at {address}"),
                None => format!("bucket {bucket:?} is in another region"),
            },
            Some("give the OBS address of the bucket's region, and its region"),
        ),
        status if status.is_redirection() => {
            (ErrorKind::Unintelligible, "redirected, which OBS does not do like this".to_owned(), Some(NOT_OBS))
        }
        StatusCode::BAD_REQUEST if INTERRUPTED.contains(&code) => (
            ErrorKind::Unavailable,
            "OBS did not get the whole request".to_owned(),
            Some("check the connection, and try again"),
        ),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            (ErrorKind::Unavailable, "OBS failed".to_owned(), Some("wait a little and try again"))
        }
        _ => (
            ErrorKind::Rejected,
            "refused by OBS".to_owned(),
            Some("change what the message names; when it names nothing, give the support of OBS the request id"),
        ),
    };
    let hint = match kind {
        ErrorKind::Unauthenticated | ErrorKind::Denied => hints::after_clock(&service, hint),
        _ => hint.map(str::to_owned),
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

/// The address that a redirection names: OBS does in the error's body, and anybody may in a header.
fn other_address(response: &reqwest::Response, body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Redirect {
        #[serde(rename = "Endpoint")]
        endpoint: Option<String>,
    }
    if !response.status().is_redirection() {
        return None;
    }
    let named = std::str::from_utf8(body).ok().and_then(|text| quick_xml::de::from_str::<Redirect>(text).ok());
    let located = || {
        let url = Url::parse(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        // Only an answer of OBS itself says where the bucket is; a portal sends elsewhere, too.
        let from_obs = response.headers().contains_key("x-obs-request-id");
        url.host_str().filter(|_| from_obs).map(str::to_owned)
    };
    let address = named.and_then(|redirect| redirect.endpoint).filter(|text| !text.is_empty()).or_else(located)?;
    Some(address.chars().filter(|c| !c.is_control()).take(LONGEST_ADDRESS).collect())
}
