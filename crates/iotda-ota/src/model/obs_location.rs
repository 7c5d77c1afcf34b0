//! Where a package's file is: region, bucket and object key in OBS.

use serde::{Deserialize, Serialize};

use super::{Checksum, SignMethod, lenient};

/// An object in OBS, with the checksum of its content; `obs_location` on the wire.
///
/// ```
/// use iotda_ota::ObsLocation;
///
/// let location = ObsLocation::new("cn-north-4", "firmware", "sensors/2.0/upgrade.bin").sign("ab".repeat(32));
/// assert_eq!(location.object_key, "sensors/2.0/upgrade.bin");
/// ```
///
/// The limits of its fields are those of the page [Create an OTA Upgrade Package][page]; that a key is not empty comes
/// from the Terraform provider. The page also states how a key ends and how large the object may be, see
/// [`OptionalRule`](crate::OptionalRule). A field that an answer lacks, or that cannot be read, shows as an empty text; so
/// one without bucket or key is there, but does not tell where the file is.
///
/// [page]: https://support.huaweicloud.com/intl/en-us/api-iothub/CreateOtaPackage.html
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObsLocation {
    /// The region of the bucket, as a plain region id (`cn-north-4`). At most 256 letters, digits and `-`.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "String::is_empty")]
    pub region_name: String,
    /// The bucket. 3 to 63 lower-case letters, digits, `-` and `.`.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "String::is_empty")]
    pub bucket_name: String,
    /// The object's name with its folders. 1 to 1024 characters.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "String::is_empty")]
    pub object_key: String,
    /// How `sign` was computed.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub sign_method: Option<SignMethod>,
    /// The SHA-256 of the file, which is passed on to devices.
    #[serde(default, deserialize_with = "lenient::field", skip_serializing_if = "Option::is_none")]
    pub sign: Option<Checksum>,
}

impl ObsLocation {
    /// A location without a checksum.
    pub fn new(region_name: impl Into<String>, bucket_name: impl Into<String>, object_key: impl Into<String>) -> Self {
        Self {
            region_name: region_name.into(),
            bucket_name: bucket_name.into(),
            object_key: object_key.into(),
            sign_method: None,
            sign: None,
        }
    }

    /// Adds the checksum of the file.
    pub fn sign(mut self, sign: impl Into<Checksum>) -> Self {
        self.sign = Some(sign.into());
        self
    }

    /// Names the method of the checksum; without it the service assumes SHA-256.
    pub fn sign_method(mut self, method: SignMethod) -> Self {
        self.sign_method = Some(method);
        self
    }

    /// Whether it says which object it is.
    pub(crate) fn is_named(&self) -> bool {
        !self.bucket_name.is_empty() && !self.object_key.is_empty()
    }

    /// Whether its file is the other one's object; `None` if it leaves out what would tell. Bucket names exist once, so the
    /// region says nothing more.
    pub(crate) fn is_object_of(&self, other: &Self) -> Option<bool> {
        let same = |own: &str, other: &str| (!own.is_empty()).then(|| own == other);
        match (same(&self.bucket_name, &other.bucket_name), same(&self.object_key, &other.object_key)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }

    /// True if both name the same object, whatever their checksums are.
    pub fn same_object(&self, other: &Self) -> bool {
        self.region_name == other.region_name
            && self.bucket_name == other.bucket_name
            && self.object_key == other.object_key
    }
}

/// Where a package's file is; `file_location` on the wire. OBS is the only kind of place that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileLocation {
    /// The object in OBS.
    #[serde(default, deserialize_with = "lenient::location", skip_serializing_if = "Option::is_none")]
    pub obs_location: Option<ObsLocation>,
}

impl From<ObsLocation> for FileLocation {
    fn from(location: ObsLocation) -> Self {
        Self { obs_location: Some(location) }
    }
}
