//! V11-HMAC-SHA256, the signature with a derived key:
//! `Authorization: V11-HMAC-SHA256 Credential=<access key id>/<day>/<region>/<service>, SignedHeaders=<names>, Signature=<hex>`.
//!
//! In the order of use: [`Scope`] names the region and the service; [`authorization`] signs a [`Request`];
//! [`parse_authorization`] and [`verify`] are the server's side; [`string_to_sign`] is what both compute. [`Key`] is the
//! derived key, for those who sign or verify many requests on one day.
//!
//! # The string that is signed
//!
//! ```text
//! V11-HMAC-SHA256 \n
//! X-Sdk-Date \n
//! day/region/service \n
//! SHA-256 of the canonical request in hexadecimal digits
//! ```
//!
//! Its HMAC-SHA256 with the derived key, in lower-case hexadecimal digits, is the signature. How the canonical request
//! is made, and which requests are refused, is said in [`canonical`](crate::canonical).
//!
//! The scheme is known only from the official SDKs: Python `huaweicloudsdkcore` 3.1.219 (`signer/signer.py`,
//! `signer/hkdf.py`), Node `@huaweicloud/huaweicloud-sdk-core` 3.1.211 (`auth/DerivedAKSKSigner.js`, `auth/HKDF.js`) and
//! Go `huaweicloud-sdk-go-v3` (`core/auth/signer/derived_signer.go`). They agree on all of it.
//!
//! | Rule | Source |
//! |---|---|
//! | the day is the first eight digits of `X-Sdk-Date` | SDKs |
//! | the key is HKDF-SHA256 (RFC 5869): salt access key id, key material secret, info `day/region/service`, 32 bytes | SDKs |
//! | the HMAC takes the 64 lower-case hexadecimal digits of that key, not its bytes | SDKs |
//! | region and service must not be empty | SDKs |
//! | a slash or comma in access key id, region or service | could be read in two ways: refused |

mod key;
mod verify;

pub use key::Key;
pub use verify::{Claim, parse_authorization, verify};

use http::HeaderValue;

use crate::AccessKey;
use crate::canonical::{DAY_LENGTH, Request, SignError, SignedHeaders, sdk_date};
use crate::scheme::{Scheme, is_plain};

const SCHEME: Scheme = Scheme { name: "V11-HMAC-SHA256", field: "Credential" };

/// The region and service that a key is derived for.
///
/// ```
/// use huaweicloud_signing::v11::Scope;
///
/// // The name of IoTDA in signatures, as the official SDKs have it.
/// let scope = Scope { region: "cn-north-4", service: "iotdm" };
/// # let _ = scope;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope<'a> {
    /// The id of the region, such as `cn-north-4`.
    pub region: &'a str,
    /// The name of the service in signatures, which may differ from its name elsewhere.
    pub service: &'a str,
}

impl Scope<'_> {
    /// What the key is derived for, as it stands in the text to sign and in the header.
    fn info(&self, day: &str) -> Result<String, SignError> {
        if !is_plain(self.region) || !is_plain(self.service) {
            return Err(SignError::InvalidScope);
        }
        Ok([day, self.region, self.service].join("/"))
    }
}

/// The day of a request.
fn day<'a>(request: &Request<'a>) -> Result<&'a str, SignError> {
    Ok(&sdk_date(request.headers)?[..DAY_LENGTH])
}

/// Returns the text that is signed for a request.
///
/// It holds no secret, only the hash of a text that may hold some.
///
/// # Errors
///
/// Those of [`Request::canonical`], and [`SignError::InvalidScope`].
pub fn string_to_sign(
    scope: &Scope<'_>,
    request: &Request<'_>,
    signed: &SignedHeaders<'_>,
) -> Result<String, SignError> {
    SCHEME.string_to_sign(Some(&scope.info(day(request)?)?), request, signed)
}

/// Returns the value of the `Authorization` header for a request, marked as sensitive.
///
/// The signed headers must already be those that will be sent, `X-Sdk-Date` among them. Others may still be added. The
/// key is derived for this call; [`Key`] keeps it for a day.
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
/// let payload = Payload::Bytes(b"");
/// let request = Request { method: &Method::GET, path: "/v5/things", query: None, headers: &headers, payload };
/// let value = v11::authorization(&key, &scope, &request, &SignedHeaders::usual(&headers))?;
/// assert!(value.is_sensitive());
/// let start = "V11-HMAC-SHA256 Credential=FAKEACCESSKEY/20230211/cn-north-4/iotdm, SignedHeaders=x-sdk-date, ";
/// assert!(value.to_str().is_ok_and(|text| text.starts_with(start)));
/// # Ok::<(), huaweicloud_signing::canonical::SignError>(())
/// ```
///
/// # Errors
///
/// Those of [`Request::canonical`] and [`Key::derive`].
pub fn authorization(
    key: &AccessKey<'_>,
    scope: &Scope<'_>,
    request: &Request<'_>,
    signed: &SignedHeaders<'_>,
) -> Result<HeaderValue, SignError> {
    Key::derive(key, scope, day(request)?)?.authorization(request, signed)
}
