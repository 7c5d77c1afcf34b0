//! Who sent an OBS request: the header signature, in either spelling, and whether it is fresh.

use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};
use http::request::Parts;
use huaweicloud_signing::obs::{self, Dialect, Resource, SignError, VerifyError};

use super::super::{MOST_SKEW_SECONDS, Shared, skew};
use super::target::Target;
use crate::clock::parse_http_date;
use crate::identity::KeyProblem;
use crate::rejection::{Code, Rejection};

/// Accepts a request that an access key of the emulator's has signed within the last minutes; returns the name of its
/// user.
pub(super) fn check(shared: &Shared, parts: &Parts, target: &Target) -> Result<String, Rejection> {
    let Some(authorization) = parts.headers.get(AUTHORIZATION) else {
        return Err(denied("The request has no Authorization header; sign it as 'OBS <access key id>:<signature>'"));
    };
    let claim = obs::parse_authorization(authorization).map_err(|error| {
        denied(format!(
            "The Authorization header is not accepted: {error}. The emulator knows the OBS header signature, and the same \
             with AWS-style names; it does not know AWS4-HMAC-SHA256"
        ))
    })?;
    let id = claim.access_key_id();
    let header = |name| format!("{}{name}", claim.dialect().header_prefix());
    // What is not text belongs to no access key.
    let security_token = parts.headers.get(header("security-token")).map(|token| token.to_str().unwrap_or_default());
    let secret =
        shared.access.identities.secret(id, security_token, shared.now()).map_err(|problem| match problem {
            KeyProblem::Unknown => Rejection::new(
                Code::ObsInvalidAccessKeyId,
                format!(
                    "The access key id {id:?} does not exist, or is a temporary one without {}",
                    header("security-token")
                ),
            ),
            KeyProblem::OtherToken => Rejection::new(
                Code::ObsSecurityToken,
                format!("{} does not belong to the access key id {id:?}", header("security-token")),
            ),
            KeyProblem::Expired => {
                Rejection::new(Code::ObsSecurityToken, format!("The temporary access key {id:?} has expired"))
            }
        })?;
    check_time(&parts.headers, claim.dialect())?;

    let query: Vec<(&str, Option<&str>)> =
        target.query.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let resource = Resource {
        bucket: Some(target.bucket.as_str()).filter(|bucket| !bucket.is_empty()),
        key: Some(&target.key),
        query: &query,
    };
    obs::verify(&secret.text, &claim, &parts.method, &resource, &parts.headers).map_err(|error| match error {
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
    })?;
    Ok(secret.caller.user.name.clone())
}

fn check_time(headers: &HeaderMap, dialect: Dialect) -> Result<(), Rejection> {
    let date = headers
        .get(format!("{}date", dialect.header_prefix()))
        .or_else(|| headers.get(DATE))
        .and_then(|date| date.to_str().ok())
        .and_then(parse_http_date)
        .ok_or_else(|| {
            denied("The request needs a Date or x-obs-date header such as 'Sat, 11 Feb 2023 12:12:12 GMT'")
        })?;
    if let Some(seconds) = skew(date) {
        return Err(Rejection::new(
            Code::ObsRequestTimeTooSkewed,
            format!(
                "The request's date is {seconds} s from the server's time, and may be {MOST_SKEW_SECONDS} s from it"
            ),
        ));
    }
    Ok(())
}

fn denied(message: impl Into<String>) -> Rejection {
    Rejection::new(Code::ObsAccessDenied, message)
}
