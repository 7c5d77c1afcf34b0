//! Who sent an OBS request: the header signature, and whether it is fresh.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use huaweicloud_signing::obs::{self, Resource, SignError, VerifyError};

use super::target::Target;
use crate::clock::{parse_http_date, unix_seconds};
use crate::identity;
use crate::rejection::{Code, Rejection};

/// How far a request's date may be from this machine's clock, by the OBS reference.
const MOST_SKEW_SECONDS: u64 = 15 * 60;

/// Accepts a request that the emulator's access key has signed within the last minutes.
pub(super) fn check(parts: &Parts, target: &Target) -> Result<(), Rejection> {
    let Some(authorization) = parts.headers.get(AUTHORIZATION) else {
        return Err(denied("The request has no Authorization header; sign it as 'OBS <access key id>:<signature>'"));
    };
    let claim = obs::parse_authorization(authorization).map_err(|error| {
        denied(format!(
            "The Authorization header is not accepted: {error}. The emulator knows only the native OBS header signature"
        ))
    })?;
    if claim.access_key_id() != identity::ACCESS_KEY_ID {
        return Err(Rejection::new(
            Code::ObsInvalidAccessKeyId,
            format!(
                "The access key id {:?} does not exist; the emulator has only {:?}",
                claim.access_key_id(),
                identity::ACCESS_KEY_ID
            ),
        ));
    }
    check_time(&parts.headers)?;

    let query: Vec<(&str, Option<&str>)> =
        target.query.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let resource = Resource {
        bucket: Some(target.bucket.as_str()).filter(|bucket| !bucket.is_empty()),
        key: Some(&target.key),
        query: &query,
    };
    obs::verify(
        identity::SECRET_ACCESS_KEY,
        &claim,
        &parts.method,
        &resource,
        &parts.headers,
    )
    .map_err(|error| match error {
        VerifyError::Mismatch { string_to_sign } => Rejection::new(
            Code::ObsSignatureDoesNotMatch,
            format!(
                "The signature does not match; check the secret access key, and compare the text that was signed with \
                 the one this server computed:\n{string_to_sign}"
            ),
        ),
        VerifyError::NotSignable(SignError::InvalidBucket) => target.no_such_bucket(),
        VerifyError::NotSignable(reason) => denied(format!("The request cannot be verified: {reason}")),
        error => denied(error.to_string()),
    })
}

/// Compares with the real time, not with the replaceable clock: the date comes from a real client.
fn check_time(headers: &HeaderMap) -> Result<(), Rejection> {
    let date = headers
        .get("x-obs-date")
        .or_else(|| headers.get(DATE))
        .and_then(|date| date.to_str().ok())
        .and_then(parse_http_date)
        .ok_or_else(|| {
            denied("The request needs a Date or x-obs-date header such as 'Sat, 11 Feb 2023 12:12:12 GMT'")
        })?;
    let now = unix_seconds(SystemTime::now());
    if date.abs_diff(now) > MOST_SKEW_SECONDS {
        return Err(Rejection::new(
            Code::ObsRequestTimeTooSkewed,
            format!(
                "The request's date is {} s from the server's time, and may be {MOST_SKEW_SECONDS} s from it",
                date.abs_diff(now)
            ),
        ));
    }
    Ok(())
}

fn denied(message: impl Into<String>) -> Rejection {
    Rejection::new(Code::ObsAccessDenied, message)
}
