//! The server's side: who claims to have signed a request, and whether that is true.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use http::{HeaderMap, HeaderValue, Method};
use zeroize::Zeroizing;

use super::dialect::Dialect;
use super::error::VerifyError;
use super::resource::{BucketForm, Resource};
use super::string_to_sign::{Secrets, Style, build};
use super::{is_access_key_id, mac};

/// The length of an HMAC-SHA1.
const SIGNATURE_LENGTH: usize = 20;

/// What an `Authorization` header claims; nothing about it is proven before [`verify`].
///
/// Its `Debug` leaves the signature out, because whoever has it can repeat the request for some minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    dialect: Dialect,
    access_key_id: &'a str,
    signature: [u8; SIGNATURE_LENGTH],
}

impl<'a> Claim<'a> {
    /// The access key that is said to have signed the request; look up its secret by this id.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// The names that the request uses and that its signature covers.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

impl fmt::Debug for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("dialect", &self.dialect)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Reads the value of an `Authorization` header.
///
/// ```
/// use http::HeaderValue;
/// use huaweicloud_signing::obs::parse_authorization;
///
/// let value = HeaderValue::from_static("OBS FAKEACCESSKEY:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
/// assert_eq!(parse_authorization(&value)?.access_key_id(), "FAKEACCESSKEY");
/// # Ok::<(), huaweicloud_signing::obs::VerifyError>(())
/// ```
///
/// Exactly the form that [`authorization`](super::authorization) writes is accepted, with the scheme of either
/// [`Dialect`]: one blank, one colon, Base64 with padding.
///
/// # Errors
///
/// [`VerifyError::OtherScheme`] when the value begins with neither `OBS` nor `AWS` and a blank, for example for
/// `AWS4-HMAC-SHA256`, which the service accepts as well; [`VerifyError::Malformed`] when the rest is not as it must be.
pub fn parse_authorization(value: &HeaderValue) -> Result<Claim<'_>, VerifyError> {
    let text = value.to_str().map_err(|_| VerifyError::Malformed)?;
    let (scheme, credentials) = text.split_once(' ').ok_or(VerifyError::OtherScheme)?;
    let dialect =
        Dialect::ALL.into_iter().find(|dialect| dialect.scheme() == scheme).ok_or(VerifyError::OtherScheme)?;
    let (id, signature) = credentials.split_once(':').ok_or(VerifyError::Malformed)?;
    if !is_access_key_id(id) {
        return Err(VerifyError::Malformed);
    }
    let signature =
        STANDARD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(VerifyError::Malformed)?;
    Ok(Claim { dialect, access_key_id: id, signature })
}

/// Checks a claim against the request it came with, in constant time.
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
///
/// let claim = obs::parse_authorization(&value)?;
/// obs::verify("fake-secret", &claim, &Method::GET, &resource, &headers)?;
/// assert!(obs::verify("fake-secret", &claim, &Method::PUT, &resource, &headers).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `method`, `resource` and `headers` are those that arrived; other headers, `Authorization` itself among them, do
/// no harm. The age of the request is not checked: compare `x-obs-date` (`x-amz-date`) or else `Date` with your clock.
///
/// For a bucket without a key the signature may cover `/bucket/`, as the reference writes it, or `/bucket`, as the
/// official SDK does for path-style addresses.
///
/// # Errors
///
/// [`VerifyError::Mismatch`] when the signature is another one, with the text it should cover;
/// [`VerifyError::NotSignable`] when the request breaks a rule of [`string_to_sign`](super::string_to_sign).
pub fn verify(
    secret: &str,
    claim: &Claim<'_>,
    method: &Method,
    resource: &Resource<'_>,
    headers: &HeaderMap,
) -> Result<(), VerifyError> {
    let style = Style { dialect: claim.dialect, ..Style::OBS };
    let is_signed = |style| -> Result<bool, VerifyError> {
        let text = Zeroizing::new(build(method, resource, headers, style)?);
        Ok(mac(secret, &text)?.verify_slice(&claim.signature).is_ok())
    };
    if is_signed(style)? || (resource.is_bucket() && is_signed(Style { bucket: BucketForm::Bare, ..style })?) {
        return Ok(());
    }
    let masked = Style { secrets: Secrets::Masked, ..style };
    Err(VerifyError::Mismatch { string_to_sign: build(method, resource, headers, masked)? })
}
