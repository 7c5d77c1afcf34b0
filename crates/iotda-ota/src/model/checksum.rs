//! The `sign` field: the SHA-256 of a package file as hexadecimal digits.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The SHA-256 of a package file, `sign` on the wire (升级包签名值).
///
/// The service passes it on to the device. It is 64 hexadecimal digits in either case; what is computed here is in
/// lower case, what is given is kept. Nothing that could be read says that the service compares it with the object.
///
/// ```
/// use iotda_ota::Checksum;
///
/// let checksum = Checksum::from_digest([0xab; 32]);
/// assert_eq!(checksum.as_str().len(), 64);
/// assert!(checksum.matches(&Checksum::from("AB".repeat(32))));
/// ```
///
/// The 64 digits are the rule of the page [Create an OTA Upgrade Package][page].
/// [`Client::verify`](crate::Client::verify) compares the checksum with the object.
///
/// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checksum(String);

impl Checksum {
    /// The checksum that a SHA-256 digest gives.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        use fmt::Write as _;
        Self(digest.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing into a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// The hexadecimal digits as they stand on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if both are the same digest, whatever the case of the digits.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl From<&str> for Checksum {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Checksum {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How [`Checksum`] was computed; `sign_method` on the wire.
///
/// Only `SHA256` exists, and it is also what the service assumes when the field is absent. Both are told by
/// the official Python SDK (huaweicloudsdkiotda 3.1.219); older revisions of the reference page do not have the field.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum SignMethod {
    /// SHA-256.
    Sha256,
    /// A value that this crate does not know.
    Other(String),
}

impl SignMethod {
    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sha256 => "SHA256",
            Self::Other(text) => text,
        }
    }
}

impl From<&str> for SignMethod {
    fn from(text: &str) -> Self {
        match text {
            "SHA256" => Self::Sha256,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl From<String> for SignMethod {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<SignMethod> for String {
    fn from(value: SignMethod) -> Self {
        value.as_str().to_owned()
    }
}
