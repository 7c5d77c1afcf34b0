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
pub(crate) struct ObsLocation<Text = String> {
    pub(crate) region_name: Text,
    pub(crate) bucket_name: Text,
    pub(crate) object_key: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sign_method: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sign: Option<Text>,
}

/// The member of a package that holds its OBS location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FileLocation<Text = String> {
    pub(crate) obs_location: ObsLocation<Text>,
}

/// A stored package, in the order in which the service's reference lists the fields. Its texts may be borrowed from the
/// database.
///
/// Optional fields are shown only when the create request gave them; `file_location` is absent in lists, as the official
/// SDK's `OtaPackageInfo` has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Package<Text = String> {
    /// The paging position; 24 hexadecimal digits, shown only as a page's `marker`.
    #[serde(skip)]
    pub(crate) record_id: Text,
    pub(crate) package_id: Text,
    pub(crate) app_id: Text,
    pub(crate) package_type: Text,
    pub(crate) product_id: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) module_name: Option<Text>,
    pub(crate) version: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) support_source_versions: Option<Vec<Text>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom_info: Option<Text>,
    pub(crate) create_time: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_location: Option<FileLocation<Text>>,
}

impl<Text: Serialize> Package<Text> {
    /// Appends the package as it is shown.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        // A structure of text always serializes, and a vector takes everything.
        let _ = serde_json::to_writer(out, self);
    }
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
