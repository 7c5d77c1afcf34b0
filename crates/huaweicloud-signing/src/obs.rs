//! The OBS header signature: `Authorization: OBS <access key id>:<signature>`.
//!
//! In the order of use: [`Resource`] says which bucket, object and query a request is about;
//! [`authorization`] signs it; [`parse_authorization`] and [`verify`] are the server's side;
//! [`string_to_sign`] is what both compute and helps when two sides disagree.
//!
//! # The string that is signed
//!
//! ```text
//! method \n
//! Content-MD5 \n
//! Content-Type \n
//! Date, or nothing when x-obs-date is present \n
//! every x-obs-* header as name:value \n, in the order of the names
//! /bucket/key?sub-resources
//! ```
//!
//! Its HMAC-SHA1 with the secret, in Base64, is the signature. The rules come from two sources:
//! [the reference] ("Authentication of Signature in a Header" of the OBS API reference) and the official
//! `esdk-obs-python` 3.26.6 (`auth.py`, `const.py`, `util.py`). Where they disagree or leave a question open, the
//! request is refused with a [`SignError`] instead of being signed in a way the service may not share.
//!
//! | Rule | Source |
//! |---|---|
//! | `Content-MD5`, `Content-Type` and `Date` are empty lines when absent | both |
//! | the `Date` line is empty when `x-obs-date` is present | both |
//! | `x-obs-*` headers: lower-case names, sorted, values without blanks at either end | reference; the SDK trims only `x-obs-meta-*`, but HTTP drops such blanks on the way |
//! | an `x-obs-*` header that occurs more than once is one line, values joined with a comma | reference |
//! | repeated `x-obs-date`, `Date`, `Content-Type` or `Content-MD5` | unknown: refused |
//! | values outside visible ASCII, blank and tab | the reference advises against them: refused |
//! | a bucket without a key is `/bucket/`, no bucket is `/` | reference; the SDK leaves out the last `/` for path-style addresses, and [`verify`] accepts that |
//! | the key is percent-encoded as UTF-8 except letters, digits, `-`, `.`, `_`, `~` and `/` | SDK |
//! | a custom domain bound to the bucket takes the bucket's place | both |
//! | which query items are sub-resources | see [`Resource::query`] |
//!
//! The signature does not cover the body. `Content-MD5` and `x-obs-content-sha256` are covered, and the service
//! compares them with the body.
//!
//! # The AWS-style names
//!
//! The same signature exists with `AWS` for `OBS` and `x-amz-` for `x-obs-` ([`Dialect`]). [`verify`] knows both;
//! [`authorization`] writes only the service's own.
//!
//! # Temporary keys
//!
//! A temporary access key needs its token in the header `x-obs-security-token`. Like every `x-obs-*` header it must
//! be there before the request is signed.
//!
//! # Time
//!
//! The service answers 403 when `Date` or `x-obs-date` is more than 15 minutes from its own clock. This module has no
//! clock: it demands that one of the two is present, and leaves its form and age to the caller.
//!
//! [the reference]: https://support.huaweicloud.com/intl/en-us/api-obs/obs_04_0010.html

mod dialect;
mod error;
mod resource;
mod string_to_sign;
mod verify;

pub use dialect::Dialect;
pub use error::{SignError, VerifyError};
pub use resource::Resource;
pub use verify::{Claim, parse_authorization, verify};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, Method};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::AccessKey;
use string_to_sign::{Style, build};

/// Returns the text that is signed for a request.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method, header::DATE};
/// use huaweicloud_signing::obs::{Resource, string_to_sign};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(DATE, HeaderValue::from_static("Sat, 11 Feb 2023 12:12:12 GMT"));
/// let resource = Resource { bucket: Some("fw-bucket"), key: Some("a b.bin"), query: &[] };
/// assert_eq!(
///     string_to_sign(&Method::GET, &resource, &headers)?,
///     "GET\n\n\nSat, 11 Feb 2023 12:12:12 GMT\n/fw-bucket/a%20b.bin",
/// );
/// # Ok::<(), huaweicloud_signing::obs::SignError>(())
/// ```
///
/// The text holds the values of all `x-obs-*` headers as they are, a security token among them, so it does not belong
/// in a log. [`VerifyError::Mismatch`] has a version for explanations.
///
/// # Errors
///
/// A [`SignError`] when the headers hold no time, or when it is not certain how the service would read the request.
pub fn string_to_sign(method: &Method, resource: &Resource<'_>, headers: &HeaderMap) -> Result<String, SignError> {
    build(method, resource, headers, Style::OBS)
}

/// Returns the value of the `Authorization` header for a request, marked as sensitive.
///
/// The headers must already be those that will be sent: a time (`Date` or `x-obs-date`), the content type, all
/// `x-obs-*`. Headers that the signature does not cover may still be added.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method, header::DATE};
/// use huaweicloud_signing::{AccessKey, obs};
///
/// let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
/// let mut headers = HeaderMap::new();
/// headers.insert(DATE, HeaderValue::from_static("Sat, 11 Feb 2023 12:12:12 GMT"));
/// let resource = obs::Resource { bucket: Some("fw-bucket"), key: Some("a.bin"), query: &[] };
/// let value = obs::authorization(&key, &Method::GET, &resource, &headers)?;
/// assert!(value.is_sensitive());
/// assert!(value.to_str().is_ok_and(|text| text.starts_with("OBS FAKEACCESSKEY:")));
/// # Ok::<(), obs::SignError>(())
/// ```
///
/// # Errors
///
/// Those of [`string_to_sign`], and [`SignError::InvalidAccessKeyId`] or [`SignError::EmptySecret`] for an access key
/// that cannot be used.
pub fn authorization(
    key: &AccessKey<'_>,
    method: &Method,
    resource: &Resource<'_>,
    headers: &HeaderMap,
) -> Result<HeaderValue, SignError> {
    if !is_access_key_id(key.id) {
        return Err(SignError::InvalidAccessKeyId);
    }
    let text = Zeroizing::new(string_to_sign(method, resource, headers)?);
    let signature = STANDARD.encode(mac(key.secret, &text)?.finalize().into_bytes());
    let mut value = HeaderValue::try_from(format!("{} {}:{signature}", Dialect::Obs.scheme(), key.id))
        .map_err(|_| SignError::InvalidAccessKeyId)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Starts the HMAC-SHA1 of a text.
fn mac(secret: &str, text: &str) -> Result<Hmac<Sha1>, SignError> {
    // An empty secret is always a mistake in the configuration, and everybody could compute its signatures.
    if secret.is_empty() {
        return Err(SignError::EmptySecret);
    }
    // HMAC takes keys of every length, so this error has no other cause than the one above.
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| SignError::EmptySecret)?;
    mac.update(text.as_bytes());
    Ok(mac)
}

/// Whether a text can stand before the colon of the header: visible ASCII, and no colon of its own.
fn is_access_key_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}
