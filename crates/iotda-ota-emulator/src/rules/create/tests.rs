//! Bodies of create requests: accepted, and refused with the right words.

use serde_json::json;

use super::*;

fn minimal() -> Value {
    json!({
        "app_id": "61f7e74d036aca5be29e1ed4",
        "package_type": "firmwarePackage",
        "product_id": "5ba24f5ebbe8f56f5a14f605",
        "version": "V2.0",
        "file_location": {"obs_location": {
            "region_name": "cn-north-4", "bucket_name": "abc", "object_key": "bbb/upgrade.bin"
        }}
    })
}

fn with(path: &str, value: Value) -> Value {
    let mut body = minimal();
    let (parent, name) = path.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn read_json(body: &Value) -> Result<NewPackage, Rejection> {
    read(body.to_string().as_bytes())
}

/// The message without its opening words.
fn refused(body: &Value) -> String {
    let rejection = read_json(body).unwrap_err();
    assert_eq!(rejection.code, Code::InvalidInput);
    rejection.message.strip_prefix("Invalid input data. ").unwrap().to_owned()
}

#[test]
fn accepts_the_least_that_is_required() {
    let package = read_json(&minimal()).unwrap();
    assert_eq!(package.version, "V2.0");
    assert_eq!(package.obs_location.object_key, "bbb/upgrade.bin");
    assert_eq!(package.support_source_versions, None);
}

#[test]
fn rejects_null_and_unknown_fields_at_every_depth() {
    assert_eq!(refused(&with("/description", Value::Null)), "description: must be a string, not null");
    assert_eq!(
        refused(&with("/support_source_versions", Value::Null)),
        "support_source_versions: must be an array of strings, not null"
    );
    assert_eq!(refused(&with("/app_id", Value::Null)), "app_id: must be a string, not null");
    let unknown = [
        ("/colour", "\"colour\": is no field of the request; there are app_id, "),
        ("/file_location/colour", "file_location.\"colour\": is no field of the request; there are obs_location"),
        ("/file_location/obs_location/colour", "file_location.obs_location.\"colour\": is no field of the request; "),
    ];
    for (path, message) in unknown {
        let found = refused(&with(path, json!("blue")));
        assert!(found.starts_with(message), "{found}");
    }
}

#[test]
fn names_only_so_many_unknown_fields() {
    let mut body = minimal();
    for index in 0..1000 {
        body[format!("field_{index}")] = json!(index);
    }
    assert_eq!(refused(&body).split("; there are").count(), MOST_UNKNOWN_FIELDS + 1);
}

#[test]
fn an_empty_list_of_source_versions_is_kept() {
    let package = read_json(&with("/support_source_versions", json!([]))).unwrap();
    assert_eq!(package.support_source_versions, Some(vec![]));
}

#[test]
fn an_empty_object_reports_every_required_field() {
    assert_eq!(
        refused(&json!({})),
        "app_id: is required; package_type: is required; product_id: is required; \
         version: is required; file_location: is required"
    );
    assert_eq!(refused(&with("/file_location", json!({}))), "file_location.obs_location: is required");
}

#[test]
fn reports_eight_mistakes_at_once() {
    let body = json!({
        "app_id": "a b",
        "package_type": "firmwarePackage",
        "product_id": "p".repeat(37),
        "module_name": "m",
        "version": "1 0",
        "support_source_versions": vec!["v"; 21],
        "description": "升".repeat(1025),
        "file_location": {"obs_location": {
            "region_name": "r_1", "bucket_name": "abc", "object_key": "k", "sign": "a".repeat(63)
        }}
    });
    assert_eq!(refused(&body).split("; ").count(), 8);
}

#[test]
fn rejects_wrong_types_once_each() {
    assert_eq!(refused(&with("/app_id", json!(5))), "app_id: must be a string, not a number");
    assert_eq!(refused(&with("/file_location", json!("x"))), "file_location: must be an object, not a string");
    assert_eq!(
        refused(&with("/support_source_versions", json!(["a", 1]))),
        "support_source_versions[1]: must be a string, not a number"
    );
    assert_eq!(refused(&with("/package_type", json!(true))), "package_type: must be a string, not a boolean");
}

#[test]
fn rejects_an_unknown_type_without_judging_its_module_name() {
    let mut body = with("/package_type", json!("firmware"));
    body["module_name"] = json!("m");
    assert_eq!(
        refused(&body),
        "package_type: must be one of softwarePackage, firmwarePackage, modulePackage, not \"firmware\""
    );
}

#[test]
fn rejects_a_module_name_on_firmware_and_requires_it_on_modules() {
    assert!(refused(&with("/module_name", json!("m"))).starts_with("module_name: is only"));
    let module = with("/package_type", json!("modulePackage"));
    assert!(refused(&module).starts_with("module_name: is required"));
}

#[test]
fn rejects_another_sign_method() {
    assert_eq!(
        refused(&with("/file_location/obs_location/sign_method", json!("MD5"))),
        "file_location.obs_location.sign_method: must be SHA256, not \"MD5\""
    );
}

#[test]
fn rejects_what_is_not_a_json_object() {
    for body in ["", "{", "[]", "\"text\"", "\u{feff}{}", "{} {}"] {
        let rejection = read(body.as_bytes()).unwrap_err();
        assert_eq!(rejection.code, Code::InvalidFormat, "{body}");
    }
    assert!(read(&[0xff, 0xfe]).is_err());
    assert!(read("[".repeat(100_000).as_bytes()).is_err());
}
