//! A fixture of `fixtures/packages` as a call of the library.
//!
//! `request` holds the fields of the operation with the names of the wire. Beside it may stand `client` (settings that
//! differ from the stub's), `allow` (rules that are switched off) and `send` (`unchecked`).

use iotda_ota::{
    Client, ClientBuilder, CreatePackage, Error, ListPackages, ObsLocation, OptionalRule, SignMethod, Warning,
};
use serde_json::Value;

/// What a call came to: the warnings if it was sent and answered with a success.
pub type Outcome = Result<Vec<Warning>, Error>;

/// Makes the call that a fixture describes.
///
/// # Panics
///
/// If the fixture is none of this operation.
///
/// # Errors
///
/// Those of the library.
pub async fn send(operation: &str, fixture: &Value, builder: ClientBuilder) -> Outcome {
    let client = client(builder, fixture).build()?;
    let unchecked = fixture["send"] == "unchecked";
    let request = &fixture["request"];
    match operation {
        "create" => {
            let create = create(&client, fixture);
            let warnings = create.warnings();
            if unchecked { create.send_unchecked().await } else { create.send().await }.map(|_| warnings)
        }
        "list" => {
            let list = list(&client, request);
            if unchecked { list.send_unchecked().await } else { list.send().await }.map(|_| Vec::new())
        }
        "show" => {
            let show = client.packages().show(text(&request["package_id"]));
            if unchecked { show.send_unchecked().await } else { show.send().await }.map(|_| Vec::new())
        }
        "delete" => {
            let delete = client.packages().delete(text(&request["package_id"]));
            if unchecked { delete.send_unchecked().await } else { delete.send().await }.map(|_| Vec::new())
        }
        other => panic!("no operation {other}"),
    }
}

/// The settings that were given, as far as the fixture has no others.
///
/// # Panics
///
/// If the fixture names a setting that does not exist.
pub fn client(mut builder: ClientBuilder, fixture: &Value) -> ClientBuilder {
    let settings = fixture["client"].as_object().into_iter().flatten();
    for (name, value) in settings {
        let value = text(value);
        builder = match name.as_str() {
            "endpoint" => builder.endpoint(value),
            "project_id" => builder.project_id(value),
            "instance_id" => builder.instance_id(value),
            "token" => builder.token(value),
            other => panic!("no client setting {other}"),
        };
    }
    builder
}

/// A create request of every field that the fixture has.
fn create(client: &Client, fixture: &Value) -> CreatePackage {
    let request = &fixture["request"];
    let place = &request["file_location"]["obs_location"];
    let (region, bucket, key) = (&place["region_name"], &place["bucket_name"], &place["object_key"]);
    let mut location = ObsLocation::new(text(region), text(bucket), text(key));
    if let Some(method) = place["sign_method"].as_str() {
        location = location.sign_method(SignMethod::from(method));
    }
    if let Some(sign) = place["sign"].as_str() {
        location = location.sign(sign);
    }
    let (app_id, product_id) = (text(&request["app_id"]), text(&request["product_id"]));
    let (package_type, version) = (text(&request["package_type"]), text(&request["version"]));
    let mut create = client.packages().create(app_id, product_id, package_type, version, location);
    if let Some(name) = request["module_name"].as_str() {
        create = create.module_name(name);
    }
    if let Some(versions) = request["support_source_versions"].as_array() {
        create = create.support_source_versions(versions.iter().map(text));
    }
    if let Some(description) = request["description"].as_str() {
        create = create.description(description);
    }
    if let Some(custom_info) = request["custom_info"].as_str() {
        create = create.custom_info(custom_info);
    }
    allowed(fixture).fold(create, CreatePackage::allow)
}

/// A list request of every parameter that the fixture has.
fn list(client: &Client, request: &Value) -> ListPackages {
    let mut list = client.packages().list(text(&request["package_type"]));
    if let Some(app_id) = request["app_id"].as_str() {
        list = list.app_id(app_id);
    }
    if let Some(product_id) = request["product_id"].as_str() {
        list = list.product_id(product_id);
    }
    if let Some(version) = request["version"].as_str() {
        list = list.version(version);
    }
    if let Some(limit) = number(&request["limit"]) {
        list = list.limit(limit);
    }
    if let Some(marker) = request["marker"].as_str() {
        list = list.marker(marker);
    }
    if let Some(offset) = number(&request["offset"]) {
        list = list.offset(offset);
    }
    list
}

/// The rules that a fixture switches off.
///
/// # Panics
///
/// If one of them cannot be.
pub fn allowed(fixture: &Value) -> impl Iterator<Item = OptionalRule> {
    fixture["allow"].as_array().into_iter().flatten().map(|rule| match text(rule) {
        "suffix" => OptionalRule::Suffix,
        "size" => OptionalRule::Size,
        other => panic!("no rule {other} can be switched off"),
    })
}

/// A text that a fixture has to have.
///
/// # Panics
///
/// If it is something else.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text"))
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().map(|number| u32::try_from(number).expect("the number has 32 bits"))
}
