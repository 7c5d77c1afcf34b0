//! One upgrade package: as a create request asks for it, and as the emulator keeps and shows it.

use serde::Serialize;

/// A create request that keeps every documented rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewPackage {
    pub(crate) app_id: String,
    pub(crate) package_type: String,
    pub(crate) product_id: String,
    pub(crate) module_name: Option<String>,
    pub(crate) version: String,
    pub(crate) support_source_versions: Option<Vec<String>>,
    pub(crate) description: Option<String>,
    pub(crate) custom_info: Option<String>,
    pub(crate) obs_location: ObsLocation,
}

/// Where the package's file lies in OBS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ObsLocation {
    pub(crate) region_name: String,
    pub(crate) bucket_name: String,
    pub(crate) object_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sign_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sign: Option<String>,
}

/// The member of a package that holds its OBS location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileLocation {
    pub(crate) obs_location: ObsLocation,
}

/// A stored package, in the order in which the service's reference lists the fields.
///
/// Optional fields are shown only when the create request gave them; `file_location` is absent in lists, as the official
/// SDK's `OtaPackageInfo` has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Package {
    /// The paging position; 24 hexadecimal digits, shown only as a page's `marker`.
    #[serde(skip)]
    pub(crate) record_id: String,
    pub(crate) package_id: String,
    pub(crate) app_id: String,
    pub(crate) package_type: String,
    pub(crate) product_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module_name: Option<String>,
    pub(crate) version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) support_source_versions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_info: Option<String>,
    pub(crate) create_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_location: Option<FileLocation>,
}

impl From<NewPackage> for Package {
    /// Everything but what the emulator adds, which is empty.
    fn from(new: NewPackage) -> Self {
        Self {
            record_id: String::new(),
            package_id: String::new(),
            app_id: new.app_id,
            package_type: new.package_type,
            product_id: new.product_id,
            module_name: new.module_name,
            version: new.version,
            support_source_versions: new.support_source_versions,
            description: new.description,
            custom_info: new.custom_info,
            create_time: String::new(),
            file_location: Some(FileLocation { obs_location: new.obs_location }),
        }
    }
}
