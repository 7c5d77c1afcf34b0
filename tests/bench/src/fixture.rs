//! The bodies and answers that both sides of a comparison use.

use serde_json::{Value, json};

/// The project in every path.
pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// The path of the packages.
pub const PATH: &str = "/v5/iot/0123456789abcdef0123456789abcdef/ota-upgrades/packages";

/// The query of a list.
pub const QUERY: &str = "package_type=firmwarePackage&limit=10";

/// The id in the answers.
pub const PACKAGE_ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";

/// The body of a create, as a user of the service would write it.
pub fn create_body() -> Value {
    json!({
        "app_id": "61bd7bdf06b54bb0a06b0d1b5a1b4c11",
        "product_id": "5ba24f5ebbe8f56f5a14f605",
        "package_type": "firmwarePackage",
        "version": "v1.0",
        "support_source_versions": ["v0.8", "v0.9"],
        "description": "bench",
        "file_location": { "obs_location": {
            "region_name": "cn-north-4",
            "bucket_name": "firmware",
            "object_key": "sensors/v1.0/upgrade.bin",
            "sign": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        } },
    })
}

/// The answer to a create and to a show.
pub fn package() -> Value {
    let mut package = create_body();
    package["package_id"] = PACKAGE_ID.into();
    package["create_time"] = "20230211T121212Z".into();
    package
}

/// The answer to a list: a page of ten.
pub fn page() -> Value {
    let mut item = package();
    if let Some(fields) = item.as_object_mut() {
        fields.remove("file_location");
    }
    json!({ "packages": vec![item; 10], "page": { "count": 10, "marker": "5c8f3d2d3df1f10d803adbda" } })
}
