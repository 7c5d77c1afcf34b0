//! Signed requests on the IoTDA port: SDK-HMAC-SHA256, the plain scheme, and V11-HMAC-SHA256, the derived one.

use std::fmt;
use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::request::Parts;
use huaweicloud_signing::canonical::{Payload, Request, VerifyError};
use huaweicloud_signing::{sdk_hmac, v11};

use super::super::body::Buffered;
use super::super::skew;
use super::{Access, incorrect};
use crate::clock::{compact_time, parse_compact_time, unix_seconds};
use crate::identity::{Caller, KeyProblem};
use crate::instance::{InstanceKind, Refusal};
use crate::rejection::{Code, Rejection};

/// The name of IoTDA in derived signatures, as the official SDKs have it.
const SERVICE: &str = "iotdm";

/// Which service a signed request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Gate {
    Iotda,
    /// Only knows plain signatures.
    Iam,
}

/// What an `Authorization` header claims.
enum Claim<'a> {
    Plain(sdk_hmac::Claim<'a>),
    Derived(v11::Claim<'a>),
}

/// Whose signature a request has; nobody's when it has none.
pub(in super::super) fn signer(
    parts: &Parts,
    access: &Access,
    now: i64,
    gate: Gate,
) -> Result<Option<Caller>, Rejection> {
    let Some(authorization) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
    let claim = match sdk_hmac::parse_authorization(authorization) {
        Ok(claim) => Claim::Plain(claim),
        Err(VerifyError::OtherScheme(_)) => match v11::parse_authorization(authorization) {
            Ok(claim) => Claim::Derived(claim),
            // What begins in another way is taken for a token.
            Err(VerifyError::OtherScheme(_)) => {
                let schemes = "Authorization begins neither with SDK-HMAC-SHA256 nor with V11-HMAC-SHA256";
                return Err(incorrect(format_args!("decrypt token fail, {schemes}")));
            }
            Err(error) => return Err(explained(&error)),
        },
        Err(error) => return Err(explained(&error)),
    };
    match access.refusal {
        Some(Refusal::KeyLocked) if gate == Gate::Iotda => {
            return Err(incorrect("AK access failed to reach the limit,forbidden."));
        }
        Some(Refusal::BodyHash) if gate == Gate::Iotda => {
            return Err(incorrect("the hash of the body is not the one that was signed"));
        }
        _ => {}
    }
    check_scheme(&claim, access, gate)?;

    let id = match &claim {
        Claim::Plain(claim) => claim.access_key_id(),
        Claim::Derived(claim) => claim.access_key_id(),
    };
    // What is not text belongs to no access key.
    let security_token = parts.headers.get("x-security-token").map(|token| token.to_str().unwrap_or_default());
    let secret = access.identities.secret(id, security_token, now).map_err(|problem| match problem {
        KeyProblem::Unknown => incorrect(format_args!("ak {id} not exist")),
        KeyProblem::OtherToken => incorrect(format_args!("X-Security-Token does not belong to ak {id}")),
        KeyProblem::Expired => incorrect(format_args!("the temporary ak {id} has expired")),
    })?;
    check_time(parts)?;

    let body = parts.extensions.get::<Buffered>().cloned().unwrap_or_default();
    let request = Request::from_parts(parts, Payload::Bytes(&body.0));
    match &claim {
        Claim::Plain(claim) => sdk_hmac::verify(&secret.text, claim, &request),
        Claim::Derived(claim) => v11::verify(&secret.text, claim, &request),
    }
    .map_err(|error| explained(&error))?;
    Ok(Some(secret.caller))
}

/// Whether the scheme is one that the service or the instance accepts.
fn check_scheme(claim: &Claim<'_>, access: &Access, gate: Gate) -> Result<(), Rejection> {
    let derived = match (claim, gate) {
        (Claim::Plain(_), _) => None,
        (Claim::Derived(_), Gate::Iam) => {
            return Err(failed("IAM accepts only plain signatures (SDK-HMAC-SHA256)"));
        }
        (Claim::Derived(claim), Gate::Iotda) => Some(claim),
    };
    if gate == Gate::Iotda {
        let missing = (access.refusal == Some(Refusal::TokenHeaderMissing))
            || (access.kind == InstanceKind::Shared && derived.is_some());
        if missing {
            return Err(Rejection::new(Code::TokenHeaderMissing, "missing request header X-Auth-Token"));
        }
        if access.kind == InstanceKind::Dedicated && derived.is_none() {
            return Err(Rejection::new(
                Code::NotAuthenticated,
                "Authentication failed. An instance with an address of its own accepts only derived signatures \
                 (V11-HMAC-SHA256)",
            ));
        }
    }
    let own = v11::Scope { region: &access.identities.region, service: SERVICE };
    match derived.map(v11::Claim::scope) {
        Some(found) if found != own => Err(failed(format_args!(
            "the key is derived for {}/{}, and this is {}/{}",
            found.region, found.service, own.region, own.service
        ))),
        _ => Ok(()),
    }
}

/// A date that cannot be read is refused together with the signature.
fn check_time(parts: &Parts) -> Result<(), Rejection> {
    let date = parts.headers.get("x-sdk-date").and_then(|date| date.to_str().ok());
    match date.and_then(parse_compact_time).filter(|&date| skew(date).is_some()) {
        Some(date) => Err(incorrect(format_args!(
            "signature expired, signature time:{},server time:{}",
            compact_time(date),
            compact_time(unix_seconds(SystemTime::now()))
        ))),
        None => Ok(()),
    }
}

/// How the gateway refuses a signature.
fn failed(problem: impl fmt::Display) -> Rejection {
    incorrect(format_args!("verify aksk signature fail, {problem}"))
}

/// What is wrong with a signature. As the gateway does it, the canonical request has bars in place of line ends.
fn explained(error: &VerifyError) -> Rejection {
    match error {
        VerifyError::Mismatch { canonical_request, string_to_sign } => failed(format_args!(
            "canonicalRequest:{}, stringToSign:{}",
            canonical_request.replace('\n', "|"),
            string_to_sign.replace('\n', "|")
        )),
        VerifyError::NotSignable(reason) => failed(format_args!("the request cannot be verified: {reason}")),
        error => failed(error),
    }
}

#[cfg(test)]
mod tests;
