//! What a refusal of OBS means.

use std::time::Duration;

use http::StatusCode;
use http::header::LOCATION;
use serde::Deserialize;
use tokio::time::timeout;
use url::Url;

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

const CHECK_KEY: &str = "check the access key, its permissions for the bucket, and that this machine's clock is right: \
     OBS refuses requests that are more than 15 minutes off";

/// Codes of a request that broke off on its way, which come with status 400 (OBS API reference, "Error Codes").
const INTERRUPTED: [&str; 2] = ["RequestTimeout", "IncompleteBody"];

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
    let code = service.error_code.as_deref().unwrap_or_default();
    let elsewhere = other_address(&response, &body).map(|address| secrets.hide(&address));
    let (kind, message, hint) = match response.status() {
        StatusCode::NOT_FOUND if code == "NoSuchBucket" => (
            ErrorKind::NotFound,
            format!("there is no bucket {bucket:?}"),
            Some("check the bucket's name, and that the OBS address is the one of its region"),
        ),
        StatusCode::NOT_FOUND if code == "NoSuchUpload" => (
            ErrorKind::NotFound,
            format!("there is no such multipart upload of object {key:?} in bucket {bucket:?}"),
            Some("publish again, which starts the upload anew"),
        ),
        StatusCode::NOT_FOUND => {
            (ErrorKind::NotFound, format!("there is no object {key:?} in bucket {bucket:?}"), None)
        }
        StatusCode::UNAUTHORIZED => (ErrorKind::Unauthenticated, "not authenticated".to_owned(), Some(CHECK_KEY)),
        StatusCode::FORBIDDEN => (ErrorKind::Denied, format!("not permitted in bucket {bucket:?}"), Some(CHECK_KEY)),
        StatusCode::MOVED_PERMANENTLY | StatusCode::TEMPORARY_REDIRECT if !code.is_empty() || elsewhere.is_some() => (
            ErrorKind::Rejected,
            match &elsewhere {
                Some(address) => format!("bucket {bucket:?} is in another region, at {address}"),
                None => format!("bucket {bucket:?} is in another region"),
            },
            Some("give the OBS address of the bucket's region, and its region"),
        ),
        status if status.is_redirection() => (
            ErrorKind::Unintelligible,
            "redirected, which OBS does not do like this".to_owned(),
            Some("check the OBS address, and that no proxy answers in its place"),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            (ErrorKind::Unavailable, "too many requests".to_owned(), Some("wait a little and try again"))
        }
        StatusCode::BAD_REQUEST if INTERRUPTED.contains(&code) => (
            ErrorKind::Unavailable,
            "OBS did not get the whole request".to_owned(),
            Some("check the connection, and try again"),
        ),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            (ErrorKind::Unavailable, "OBS failed".to_owned(), Some("wait a little and try again"))
        }
        _ => (ErrorKind::Rejected, "refused by OBS".to_owned(), None),
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
