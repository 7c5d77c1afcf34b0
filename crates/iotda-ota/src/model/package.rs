//! A package as the service shows it.

use std::fmt;

use iotda_ota_client::types;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{
    AppId, Checksum, FileLocation, ObsLocation, PackageId, PackageType, PackageVersion, ProductId, SignMethod, lenient,
};
use crate::error::{Error, ErrorKind};

/// An upgrade package (升级包) as create, list and show answer it.
///
/// The service promises no field, so a text that an answer lacks is empty here, and everything optional is `None`. So it
/// is with a value of another kind than is documented, but a location that cannot be read is one without names.
/// Serialized, it has the names of the wire again, and absent fields are left out. The fields are those of the page
/// [Obtain OTA Upgrade Package Details][page], with `product_name`, `module_name` and `sign_method` of the official
/// Python SDK (huaweicloudsdkiotda 3.1.219).
///
/// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/ShowOtaPackage.html
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Package {
    /// Identifies the package.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "PackageId::is_empty")]
    pub package_id: PackageId,
    /// The app (resource space) that holds it.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "AppId::is_empty")]
    pub app_id: AppId,
    /// What it upgrades.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "is_absent")]
    pub package_type: PackageType,
    /// The product it is for.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "ProductId::is_empty")]
    pub product_id: ProductId,
    /// The product's name.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub product_name: Option<String>,
    /// The OTA module, for a module package.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub module_name: Option<String>,
    /// The version that it brings.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "PackageVersion::is_empty")]
    pub version: PackageVersion,
    /// The versions that it may upgrade; none means every version.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Vec::is_empty")]
    pub support_source_versions: Vec<PackageVersion>,
    /// What it is for, in words.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What devices are told with the upgrade notice.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub custom_info: Option<String>,
    /// When it was created.
    #[serde(deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<CreateTime>,
    /// Where its file is. Create and show answer it, list does not.
    #[serde(deserialize_with = "lenient::location", skip_serializing_if = "Option::is_none")]
    pub file_location: Option<FileLocation>,
}

/// A package of either generated type, which have these fields in common; only one has a location.
macro_rules! package {
    ($wire:ident, $file_location:expr) => {
        Package {
            package_id: text($wire.package_id),
            app_id: text($wire.app_id),
            package_type: text($wire.package_type),
            product_id: text($wire.product_id),
            product_name: $wire.product_name,
            module_name: $wire.module_name,
            version: text($wire.version),
            support_source_versions: versions($wire.support_source_versions),
            description: $wire.description,
            custom_info: $wire.custom_info,
            create_time: $wire.create_time.map(CreateTime),
            file_location: $file_location,
        }
    };
}

impl Package {
    /// The object in OBS, if the answer named one.
    pub fn obs_location(&self) -> Option<&ObsLocation> {
        self.file_location.as_ref()?.obs_location.as_ref()
    }

    /// The registered checksum, if there is one.
    pub fn sign(&self) -> Option<&Checksum> {
        self.obs_location()?.sign.as_ref()
    }

    /// The object in OBS, or `None` if the answer has no location. One that does not tell which object it is must not pass
    /// for either.
    pub(crate) fn readable_location(&self) -> Result<Option<&ObsLocation>, Error> {
        let location = self.obs_location();
        if location.is_none_or(ObsLocation::is_named) {
            return Ok(location);
        }
        let message = format!("where the file of package {} is cannot be read", self.package_id);
        Err(Error::new(ErrorKind::Unintelligible, message)
            .with_operation("show_ota_package")
            .with_hint("look at what the service shows of the package, and that no proxy answers in its place"))
    }

    /// Takes the generated type; an answer that names no package is none.
    pub(crate) fn from_wire(wire: types::OtaPackage) -> Option<Self> {
        let file_location = wire.file_location.map(location);
        Some(package!(wire, file_location)).filter(Self::is_named)
    }

    /// Reads a body that the generated type refused, field by field.
    pub(crate) fn from_body(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().filter(Self::is_named)
    }

    fn is_named(&self) -> bool {
        !self.package_id.is_empty()
    }

    /// Takes the generated type of the items of a list.
    pub(crate) fn from_list(wire: types::OtaPackageInfo) -> Self {
        package!(wire, None)
    }
}

/// When a package was created, in the service's form `yyyyMMdd'T'HHmmss'Z'`.
///
/// ```
/// use iotda_ota::CreateTime;
///
/// let time = CreateTime::from("20230211T121212Z");
/// assert_eq!(time.timestamp().map(|time| time.to_string()).as_deref(), Some("2023-02-11T12:12:12Z"));
/// assert_eq!(CreateTime::from("yesterday").timestamp(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CreateTime(String);

impl CreateTime {
    /// The text as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment, if the text has the documented form.
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        let time = DateTime::strptime("%Y%m%dT%H%M%SZ", &self.0).ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    }
}

impl From<&str> for CreateTime {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for CreateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn location(wire: types::FileLocation) -> FileLocation {
    let obs_location = wire.obs_location.map(|wire| ObsLocation {
        region_name: wire.region_name.unwrap_or_default(),
        bucket_name: wire.bucket_name.unwrap_or_default(),
        object_key: wire.object_key.unwrap_or_default(),
        sign_method: wire.sign_method.map(SignMethod::from),
        sign: wire.sign.map(Checksum::from),
    });
    FileLocation { obs_location }
}

fn versions(wire: Option<Vec<String>>) -> Vec<PackageVersion> {
    wire.unwrap_or_default().into_iter().map(PackageVersion::from).collect()
}

fn text<T: From<String>>(wire: Option<String>) -> T {
    T::from(wire.unwrap_or_default())
}

fn is_absent(value: &PackageType) -> bool {
    value.as_str().is_empty()
}

#[cfg(test)]
mod tests;
