//! SDK-HMAC-SHA256, the plain signature of the API gateways:
//! `Authorization: SDK-HMAC-SHA256 Access=<access key id>, SignedHeaders=<names>, Signature=<hex>`.
//!
//! In the order of use: [`authorization`] signs a [`Request`]; [`parse_authorization`] and [`verify`] are the server's
//! side; [`string_to_sign`] is what both compute.
//!
//! # The string that is signed
//!
//! ```text
//! SDK-HMAC-SHA256 \n
//! X-Sdk-Date \n
//! SHA-256 of the canonical request in hexadecimal digits
//! ```
//!
//! Its HMAC-SHA256 with the secret as key, in lower-case hexadecimal digits, is the signature. How the canonical request
//! is made, and which requests are refused, is said in [`canonical`](crate::canonical).
//!
//! | Rule | Source |
//! |---|---|
//! | text to sign | API Request Signing Guide, "Creating a To-Be-Signed String"; SDKs for Python, Node and Go |
//! | form of the header | API Request Signing Guide, "Adding the Signature to the Request Header"; the same SDKs |
//! | no key derivation: region and service are not signed | the same SDKs |
//! | a header in any other form, such as unsorted names or upper-case digits | no SDK writes it: refused |

use std::fmt;

use http::HeaderValue;

use crate::AccessKey;
use crate::canonical::{Request, SignError, SignedHeaders, VerifyError};
use crate::scheme::{Scheme, check_secret, hmac, is_plain};

const SCHEME: Scheme = Scheme { name: "SDK-HMAC-SHA256", field: "Access" };

/// Returns the text that is signed for a request.
///
/// It holds no secret, only the hash of a text that may hold some.
///
/// # Errors
///
/// Those of [`Request::canonical`].
pub fn string_to_sign(request: &Request<'_>, signed: &SignedHeaders<'_>) -> Result<String, SignError> {
    SCHEME.string_to_sign(None, request, signed)
}

/// Returns the value of the `Authorization` header for a request, marked as sensitive.
///
/// The signed headers must already be those that will be sent, `X-Sdk-Date` among them. Others may still be added.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
/// use huaweicloud_signing::{AccessKey, sdk_hmac};
///
/// let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
/// let mut headers = HeaderMap::new();
/// headers.insert("host", HeaderValue::from_static("iam.example.com"));
/// headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
/// let request = Request {
///     method: &Method::GET,
///     path: "/v3/projects",
///     query: Some("name=cn-north-4"),
///     headers: &headers,
///     payload: Payload::Bytes(b""),
/// };
/// let value = sdk_hmac::authorization(&key, &request, &SignedHeaders::usual(&headers))?;
/// assert!(value.is_sensitive());
/// let start = "SDK-HMAC-SHA256 Access=FAKEACCESSKEY, SignedHeaders=host;x-sdk-date, Signature=";
/// assert!(value.to_str().is_ok_and(|text| text.starts_with(start)));
/// # Ok::<(), huaweicloud_signing::canonical::SignError>(())
/// ```
///
/// # Errors
///
/// Those of [`Request::canonical`], and [`SignError::InvalidAccessKeyId`] or [`SignError::EmptySecret`] for an access
/// key that cannot be used.
pub fn authorization(
    key: &AccessKey<'_>,
    request: &Request<'_>,
    signed: &SignedHeaders<'_>,
) -> Result<HeaderValue, SignError> {
    if !is_plain(key.id) {
        return Err(SignError::InvalidAccessKeyId);
    }
    check_secret(key.secret)?;
    let text = string_to_sign(request, signed)?;
    Ok(SCHEME.authorization(hmac(key.secret.as_bytes()), key.id, signed, &text))
}

/// What an `Authorization` header claims; nothing about it is proven before [`verify`].
///
/// Its `Debug` leaves the signature out, because whoever has it can repeat the request for some minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    access_key_id: &'a str,
    signed_headers: SignedHeaders<'a>,
    signature: [u8; 32],
}

impl<'a> Claim<'a> {
    /// The access key that is said to have signed the request; look up its secret by this id.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The headers that are said to be signed.
    pub fn signed_headers(&self) -> &SignedHeaders<'a> {
        &self.signed_headers
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}

/// Reads the value of an `Authorization` header.
///
/// ```
/// use http::HeaderValue;
/// use huaweicloud_signing::sdk_hmac::parse_authorization;
///
/// let text = format!("SDK-HMAC-SHA256 Access=FAKEACCESSKEY, SignedHeaders=x-sdk-date, Signature={:064}", 0);
/// assert_eq!(parse_authorization(&HeaderValue::try_from(text)?)?.access_key_id(), "FAKEACCESSKEY");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Exactly the form that [`authorization`] and the SDKs write is accepted.
///
/// # Errors
///
/// [`VerifyError::OtherScheme`] when the value does not begin with `SDK-HMAC-SHA256` and a blank;
/// [`VerifyError::DateNotSigned`] when `x-sdk-date` is not among the signed headers; [`VerifyError::Malformed`] when
/// anything else is not as it must be.
pub fn parse_authorization(value: &HeaderValue) -> Result<Claim<'_>, VerifyError> {
    let fields = SCHEME.parse(value)?;
    if !is_plain(fields.credential) {
        return Err(VerifyError::Malformed(SCHEME.name));
    }
    Ok(Claim { access_key_id: fields.credential, signed_headers: fields.signed_headers, signature: fields.signature })
}

/// Checks a claim against the request it came with, in constant time.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
/// use huaweicloud_signing::{AccessKey, sdk_hmac};
///
/// let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
/// let mut headers = HeaderMap::new();
/// headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
/// let payload = Payload::Bytes(b"{}");
/// let request = Request { method: &Method::POST, path: "/v5/things", query: None, headers: &headers, payload };
/// let value = sdk_hmac::authorization(&key, &request, &SignedHeaders::usual(&headers))?;
///
/// let claim = sdk_hmac::parse_authorization(&value)?;
/// sdk_hmac::verify("fake-secret", &claim, &request)?;
/// let other = Request { payload: Payload::Bytes(b"[]"), ..request };
/// assert!(sdk_hmac::verify("fake-secret", &claim, &other).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Exactly the headers that the claim lists are compared. The age of the request is not checked: compare `X-Sdk-Date`
/// with your clock. The body is covered unless the header `X-Sdk-Content-Sha256` is `UNSIGNED-PAYLOAD`.
///
/// # Errors
///
/// [`VerifyError::Mismatch`] when the signature is another one, with the texts it should cover;
/// [`VerifyError::NotSignable`] when the request breaks a rule of [`canonical`](crate::canonical).
pub fn verify(secret: &str, claim: &Claim<'_>, request: &Request<'_>) -> Result<(), VerifyError> {
    check_secret(secret)?;
    SCHEME.verify(hmac(secret.as_bytes()), None, request, &claim.signed_headers, &claim.signature)
}
