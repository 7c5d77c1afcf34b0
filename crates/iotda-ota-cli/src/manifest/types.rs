//! What a manifest can hold. This is the only place that knows: reading, checking, the schema for editors and the text
//! of `manifest init` are all made from [`Manifest`].

use iotda_ota::{AppId, PackageType, PackageVersion, ProductId};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Allow;

/// The keys, in the order in which people think of them.
pub(crate) const KEYS: [&str; 10] = [
    "app_id",
    "product_id",
    "package_type",
    "module_name",
    "support_source_versions",
    "description",
    "custom_info",
    "bucket_name",
    "object_key",
    "allow",
];

/// What is the same for every release of a firmware; read by iotda-ota package publish.
///
/// Lengths and patterns are those of the library, repeated for editors; a test compares the two.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Manifest of iotda-ota",
    description = "What is the same for every release of a firmware; read by iotda-ota package publish."
)]
pub(crate) struct Manifest {
    /// App (resource space) that will hold the package; the console shows its id.
    #[schemars(with = "String", length(min = 1, max = 36), regex(pattern = "^[A-Za-z0-9_-]*$"), example = "my-app")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app_id: Option<AppId>,
    /// Product that the package is for; the console shows its id.
    #[schemars(
        with = "String",
        length(min = 1, max = 36),
        regex(pattern = "^[A-Za-z0-9_-]*$"),
        example = "my-product"
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) product_id: Option<ProductId>,
    /// What the package upgrades: firmware, software or module.
    #[schemars(schema_with = "package_type", example = &"firmware")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) package_type: Option<PackageType>,
    /// OTA module that a module package upgrades; only with package_type module.
    #[schemars(with = "String", length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_.-]*$"), example = &"radio")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) module_name: Option<String>,
    /// Versions that may be upgraded, at most twenty; without any every version may.
    #[schemars(
        with = "Vec<String>",
        length(max = 20),
        inner(length(min = 1), regex(pattern = "^[A-Za-z0-9_.-]*$")),
        example = ["1.0", "1.1"]
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) support_source_versions: Option<Vec<PackageVersion>>,
    /// What the package is for, in words.
    #[schemars(with = "String", length(max = 1024), example = "firmware of the thermometer")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// What devices are told with the upgrade notice.
    #[schemars(with = "String", length(max = 4096), example = "restart after the upgrade")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_info: Option<String>,
    /// OBS bucket that holds the files; not used with --emulator, which has its own.
    #[schemars(with = "String", length(min = 3, max = 63), regex(pattern = "^[a-z0-9.-]*$"), example = "my-bucket")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bucket_name: Option<String>,
    /// Object key; {app_id}, {product_id}, {package_type}, {module_name}, {version} and {file_name} get their values.
    #[schemars(
        with = "String",
        length(min = 1, max = 1024),
        regex(pattern = r"^([^{}]|\{(app_id|product_id|package_type|module_name|version|file_name)\})*$"),
        example = "ota/{app_id}/{product_id}/{package_type}/{version}/{file_name}"
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object_key: Option<String>,
    /// Rules that are switched off, because newer texts of the service no longer state them: suffix and size.
    #[schemars(with = "Vec<Allow>", example = ["suffix"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) allow: Option<Vec<Allow>>,
}

/// The short names and those of the wire.
fn package_type(_generator: &mut SchemaGenerator) -> Schema {
    let short = PackageType::KNOWN.into_iter().map(|known| known.short_name().to_owned());
    let wire = PackageType::KNOWN.into_iter().map(|known| known.to_string());
    schemars::json_schema!({ "type": "string", "enum": short.chain(wire).collect::<Vec<_>>() })
}

/// The JSON schema of a manifest, of the draft that editors for TOML understand.
pub(crate) fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Manifest>().to_value()
}

/// The part of the schema that is about one key.
pub(crate) fn property<'a>(schema: &'a Value, key: &str) -> &'a Value {
    &schema["properties"][key]
}
