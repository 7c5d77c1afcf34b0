//! The three package types, and room for ones that do not exist yet.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a package upgrades (升级包类型); `package_type` on the wire.
///
/// Unknown values of the service are kept, never refused.
///
/// ```
/// use iotda_ota::PackageType;
///
/// assert_eq!(PackageType::from("firmware"), PackageType::Firmware);
/// assert_eq!(PackageType::from("firmwarePackage"), PackageType::Firmware);
/// assert_eq!(PackageType::Firmware.to_string(), "firmwarePackage");
/// assert_eq!(PackageType::from("newPackage").to_string(), "newPackage");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum PackageType {
    /// Software of the device, `softwarePackage`.
    Software,
    /// Firmware of the device, `firmwarePackage`.
    Firmware,
    /// One named OTA module of a product, `modulePackage`.
    ///
    /// The table of the page [Create an OTA Upgrade Package][page] names only the other two; this one is known from the
    /// official Python SDK (huaweicloudsdkiotda 3.1.219).
    ///
    /// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
    Module,
    /// A value that this crate does not know.
    Other(String),
}

impl PackageType {
    /// The known types, in the order of the reference.
    pub const KNOWN: [Self; 3] = [Self::Software, Self::Firmware, Self::Module];

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Software => "softwarePackage",
            Self::Firmware => "firmwarePackage",
            Self::Module => "modulePackage",
            Self::Other(text) => text,
        }
    }

    /// The short name: the one on the wire without `Package`.
    pub fn short_name(&self) -> &str {
        match self {
            Self::Other(text) => text,
            known => known.as_str().trim_end_matches("Package"),
        }
    }
}

impl Default for PackageType {
    /// The empty text, which is how an answer that lacks the field shows.
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl From<&str> for PackageType {
    fn from(text: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| known.as_str() == text || known.short_name() == text)
            .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

impl From<String> for PackageType {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<PackageType> for String {
    fn from(value: PackageType) -> Self {
        value.as_str().to_owned()
    }
}

impl fmt::Display for PackageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
