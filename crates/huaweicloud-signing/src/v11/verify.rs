//! The server's side: who claims to have signed a request, and whether that is true.

use std::fmt;

use http::HeaderValue;

use super::{Key, SCHEME, Scope};
use crate::AccessKey;
use crate::canonical::{Request, SignedHeaders, VerifyError, is_day};
use crate::scheme::is_plain;

/// What an `Authorization` header claims; nothing about it is proven before [`verify`].
///
/// Its `Debug` leaves the signature out, because whoever has it can repeat the request for some minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    credential: &'a str,
    access_key_id: &'a str,
    day: &'a str,
    scope: Scope<'a>,
    signed_headers: SignedHeaders<'a>,
    signature: [u8; 32],
}

impl<'a> Claim<'a> {
    /// The access key that is said to have signed the request; look up its secret by this id.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The day for which the key is said to be derived, such as `20230211`.
    pub fn day(&self) -> &'a str {
        self.day
    }

    /// The region and service for which the key is said to be derived; compare them with your own.
    pub fn scope(&self) -> Scope<'a> {
        self.scope
    }

    /// Access key id, day, region and service as they stand in the header: the name under which a server can keep the
    /// [`Key`].
    pub fn credential(&self) -> &'a str {
        self.credential
    }

    /// The headers that are said to be signed.
    pub fn signed_headers(&self) -> &SignedHeaders<'a> {
        &self.signed_headers
    }

    pub(super) fn signature(&self) -> &[u8; 32] {
        &self.signature
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("credential", &self.credential)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}

/// Reads the value of an `Authorization` header.
///
/// ```
/// use http::HeaderValue;
/// use huaweicloud_signing::v11::{Scope, parse_authorization};
///
/// let credential = "FAKEACCESSKEY/20230211/cn-north-4/iotdm";
/// let text = format!("V11-HMAC-SHA256 Credential={credential}, SignedHeaders=x-sdk-date, Signature={:064}", 0);
/// let value = HeaderValue::try_from(text)?;
/// let claim = parse_authorization(&value)?;
/// assert_eq!(claim.access_key_id(), "FAKEACCESSKEY");
/// assert_eq!(claim.scope(), Scope { region: "cn-north-4", service: "iotdm" });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Exactly the form that [`authorization`](super::authorization) and the SDKs write is accepted.
///
/// # Errors
///
/// [`VerifyError::OtherScheme`] when the value does not begin with `V11-HMAC-SHA256` and a blank;
/// [`VerifyError::DateNotSigned`] when `x-sdk-date` is not among the signed headers; [`VerifyError::Malformed`] when
/// anything else is not as it must be.
pub fn parse_authorization(value: &HeaderValue) -> Result<Claim<'_>, VerifyError> {
    let fields = SCHEME.parse(value)?;
    let mut parts = fields.credential.split('/');
    match [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(access_key_id), Some(day), Some(region), Some(service), None]
            if is_plain(access_key_id) && is_day(day) && is_plain(region) && is_plain(service) =>
        {
            Ok(Claim {
                credential: fields.credential,
                access_key_id,
                day,
                scope: Scope { region, service },
                signed_headers: fields.signed_headers,
                signature: fields.signature,
            })
        }
        _ => Err(VerifyError::Malformed(SCHEME.name)),
    }
}

/// Checks a claim against the request it came with, in constant time.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
/// use huaweicloud_signing::{AccessKey, v11};
///
/// let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
/// let scope = v11::Scope { region: "cn-north-4", service: "iotdm" };
/// let mut headers = HeaderMap::new();
/// headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
/// let payload = Payload::Bytes(b"{}");
/// let request = Request { method: &Method::POST, path: "/v5/things", query: None, headers: &headers, payload };
/// let value = v11::authorization(&key, &scope, &request, &SignedHeaders::usual(&headers))?;
///
/// let claim = v11::parse_authorization(&value)?;
/// assert_eq!(claim.scope(), scope);
/// v11::verify("fake-secret", &claim, &request)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Exactly the headers that the claim lists are compared. Whether [`Claim::scope`] is the server's own region and
/// service is for the caller to check, and so is the age of the request: compare `X-Sdk-Date` with your clock. The body
/// is covered unless the header `X-Sdk-Content-Sha256` is `UNSIGNED-PAYLOAD`.
///
/// # Errors
///
/// [`VerifyError::Mismatch`] when the signature is another one, with the texts it should cover;
/// [`VerifyError::OtherDay`] when the claim names another day than `X-Sdk-Date`; [`VerifyError::NotSignable`] when the
/// request breaks a rule of [`canonical`](crate::canonical).
pub fn verify(secret: &str, claim: &Claim<'_>, request: &Request<'_>) -> Result<(), VerifyError> {
    Key::derive(&AccessKey { id: claim.access_key_id, secret }, &claim.scope, claim.day)?.verify(claim, request)
}
