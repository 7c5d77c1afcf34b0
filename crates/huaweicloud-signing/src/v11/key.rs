//! The derived key.

use std::fmt;

use hkdf::Hkdf;
use hmac::Hmac;
use http::HeaderValue;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::verify::Claim;
use super::{SCHEME, Scope, day};
use crate::canonical::{DAY_LENGTH, Request, SignError, SignedHeaders, VerifyError, is_day};
use crate::scheme::{check_secret, hmac, is_plain};
use crate::{AccessKey, hex};

/// A key derived from an access key for one day, region and service.
///
/// ```
/// use http::{HeaderMap, HeaderValue, Method};
/// use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
/// use huaweicloud_signing::{AccessKey, v11};
///
/// let scope = v11::Scope { region: "cn-north-4", service: "iotdm" };
/// let key = v11::Key::derive(&AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" }, &scope, "20230211")?;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
/// let payload = Payload::Bytes(b"");
/// let request = Request { method: &Method::GET, path: "/v5/things", query: None, headers: &headers, payload };
/// let value = key.authorization(&request, &SignedHeaders::usual(&headers))?;
/// key.verify(&v11::parse_authorization(&value)?, &request)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A client derives a new one when the first eight digits of the next `X-Sdk-Date` are not [`day`](Self::day). A server
/// keeps keys by [`credential`](Self::credential), which [`Claim::credential`] names.
///
/// The key is wiped from memory when it is dropped. Its `Debug` shows the credential only.
#[derive(Clone)]
pub struct Key {
    /// Access key id, day, region and service with slashes between.
    credential: String,
    /// Where the day begins in it.
    info_start: usize,
    /// An HMAC that has taken the key and no text yet.
    mac: Hmac<Sha256>,
}

impl Key {
    /// Derives the key for a day such as `20230211`, the first eight digits of `X-Sdk-Date`.
    ///
    /// # Errors
    ///
    /// [`SignError::InvalidAccessKeyId`] or [`SignError::EmptySecret`] for an access key that cannot be used,
    /// [`SignError::InvalidScope`] and [`SignError::InvalidDate`] for the other arguments.
    pub fn derive(key: &AccessKey<'_>, scope: &Scope<'_>, day: &str) -> Result<Self, SignError> {
        if !is_plain(key.id) {
            return Err(SignError::InvalidAccessKeyId);
        }
        check_secret(key.secret)?;
        if !is_day(day) {
            return Err(SignError::InvalidDate);
        }
        let info = scope.info(day)?;

        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(key.id.as_bytes()), key.secret.as_bytes())
            .expand(info.as_bytes(), derived.as_mut_slice())
            .expect("HKDF gives up to 255 hashes, and this is one");
        let mut digits = Zeroizing::new([0; 64]);
        hex::encode(&derived, &mut digits);
        Ok(Self { credential: [key.id, &info].join("/"), info_start: key.id.len() + 1, mac: hmac(digits.as_slice()) })
    }

    /// Access key id, day, region and service with slashes between, as in the `Authorization` header.
    pub fn credential(&self) -> &str {
        &self.credential
    }

    /// The day for which the key is good, such as `20230211`.
    pub fn day(&self) -> &str {
        &self.info()[..DAY_LENGTH]
    }

    /// Does what [`authorization`](super::authorization) does, without deriving the key.
    ///
    /// # Errors
    ///
    /// Those of [`Request::canonical`], and [`SignError::KeyOfAnotherDay`].
    pub fn authorization(&self, request: &Request<'_>, signed: &SignedHeaders<'_>) -> Result<HeaderValue, SignError> {
        if day(request)? != self.day() {
            return Err(SignError::KeyOfAnotherDay);
        }
        let text = SCHEME.string_to_sign(Some(self.info()), request, signed)?;
        Ok(SCHEME.authorization(self.mac.clone(), &self.credential, signed, &text))
    }

    /// Does what [`verify`](super::verify) does, without deriving the key.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](super::verify), and [`VerifyError::OtherKey`] when the claim names another credential than
    /// this key's.
    pub fn verify(&self, claim: &Claim<'_>, request: &Request<'_>) -> Result<(), VerifyError> {
        if claim.credential() != self.credential {
            return Err(VerifyError::OtherKey);
        }
        if day(request)? != self.day() {
            return Err(VerifyError::OtherDay);
        }
        SCHEME.verify(self.mac.clone(), Some(self.info()), request, claim.signed_headers(), claim.signature())
    }

    fn info(&self) -> &str {
        &self.credential[self.info_start..]
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("credential", &self.credential).finish_non_exhaustive()
    }
}
