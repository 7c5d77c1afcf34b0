//! Every documented rule for what is sent rejects a value that breaks it, and accepts the value just inside of it.

use serde_json::{Value, json};

use crate::document::{self, component, operations, parameters, validator};

/// A request with every field, as the base of the tables below.
fn request() -> Value {
    let sign = "595124473f866b033dfa1f7e831c8c99a12f6143f392dfa996a819010842c99d";
    json!({
        "app_id": "app", "package_type": "modulePackage", "product_id": "product", "module_name": "camera",
        "version": "V2.0", "support_source_versions": ["V1.0"], "description": "text", "custom_info": "text",
        "file_location": { "obs_location": {
            "region_name": "cn-north-4", "bucket_name": "abc", "object_key": "bbb/upgrade.bin",
            "sign_method": "SHA256", "sign": sign,
        }},
    })
}

const OBS: &str = "/file_location/obs_location";

/// The request with one value replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut request = request();
    *request.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the request")) = value;
    request
}

/// The request without one field, named by the pointer to its object and its name.
fn without(object: &str, field: &str) -> Value {
    let mut request = request();
    let object = request.pointer_mut(object).and_then(Value::as_object_mut).expect("the object is in the request");
    object.remove(field).unwrap_or_else(|| panic!("{field} is not in the request"));
    request
}

#[test]
fn rejects_every_broken_rule_of_a_create_request() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    assert!(validator.is_valid(&request()));
    let table = [
        ("/app_id", vec![json!(""), json!("a".repeat(37)), json!("a b"), json!("空间"), json!("a.b"), json!(7)]),
        ("/product_id", vec![json!(""), json!("a".repeat(37)), json!("a b"), json!("产品"), json!("a.b")]),
        ("/package_type", vec![json!("firmware"), json!("FIRMWAREPACKAGE"), json!("")]),
        ("/module_name", vec![json!(""), json!("m".repeat(65)), json!("a b"), json!("模块"), json!("a/b")]),
        ("/version", vec![json!(""), json!("1".repeat(257)), json!("V 2"), json!("V2\n"), json!("2,0")]),
        ("/support_source_versions", vec![json!(vec!["V1"; 21]), json!("V1.0")]),
        ("/support_source_versions/0", vec![json!(""), json!("V 1"), json!("版本")]),
        ("/description", vec![json!("文".repeat(1025)), json!(null)]),
        ("/custom_info", vec![json!("文".repeat(4097)), json!(null)]),
        ("/file_location/obs_location/region_name", vec![json!(""), json!("r".repeat(257)), json!("cn_north")]),
        (
            "/file_location/obs_location/bucket_name",
            vec![json!("ab"), json!("b".repeat(64)), json!("A_b"), json!("Abc")],
        ),
        ("/file_location/obs_location/object_key", vec![json!(""), json!("文".repeat(1025))]),
        ("/file_location/obs_location/sign_method", vec![json!("sha256"), json!("MD5")]),
        ("/file_location/obs_location/sign", vec![json!("a".repeat(63)), json!("a".repeat(65)), json!("g".repeat(64))]),
    ];
    for (pointer, values) in table {
        for value in values {
            let broken = with(pointer, value.clone());
            let places: Vec<_> =
                validator.iter_errors(&broken).map(|error| error.instance_path().to_string()).collect();
            assert!(!places.is_empty(), "{pointer} accepts {value}");
            assert!(places.iter().all(|place| place == pointer), "{pointer} with {value} is reported at {places:?}");
        }
    }
}

#[test]
fn accepts_values_just_inside_the_rules_of_a_create_request() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    let table = [
        ("/app_id", json!("aA0_-".repeat(7) + "z")),
        ("/product_id", json!("a".repeat(36))),
        ("/package_type", json!("softwarePackage")),
        ("/package_type", json!("firmwarePackage")),
        ("/module_name", json!("m_-.".repeat(16))),
        ("/version", json!("V1._-x2.".repeat(32))),
        ("/support_source_versions", json!(vec!["V1"; 20])),
        ("/support_source_versions", json!([])),
        ("/support_source_versions/0", json!("1".repeat(300))),
        ("/description", json!("文".repeat(1024))),
        ("/description", json!("")),
        ("/custom_info", json!("😀".repeat(4096))),
        ("/file_location/obs_location/region_name", json!("r".repeat(256))),
        ("/file_location/obs_location/bucket_name", json!("a.b")),
        ("/file_location/obs_location/bucket_name", json!("b".repeat(63))),
        ("/file_location/obs_location/object_key", json!("文".repeat(1024))),
        ("/file_location/obs_location/object_key", json!("notes.txt")),
        ("/file_location/obs_location/sign", json!("aF09".repeat(16))),
    ];
    for (pointer, value) in table {
        assert!(validator.is_valid(&with(pointer, value.clone())), "{pointer} rejects {value}");
    }
}

#[test]
fn rejects_a_create_request_without_a_required_field() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    let required = ["app_id", "package_type", "product_id", "version", "file_location"].map(|field| ("", field));
    let nested = [("/file_location", "obs_location"), (OBS, "region_name"), (OBS, "bucket_name"), (OBS, "object_key")];
    for (object, field) in required.into_iter().chain(nested) {
        assert!(!validator.is_valid(&without(object, field)), "{object}/{field} may be left out");
    }
}

#[test]
fn accepts_a_create_request_without_an_optional_field() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    let optional = ["module_name", "support_source_versions", "description", "custom_info"].map(|field| ("", field));
    for (object, field) in optional.into_iter().chain([(OBS, "sign_method"), (OBS, "sign")]) {
        assert!(validator.is_valid(&without(object, field)), "{object}/{field} is required");
    }
}

#[test]
fn rejects_an_unknown_field_at_every_level_of_a_create_request() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    for object in ["", "/file_location", OBS] {
        let mut request = request();
        request.pointer_mut(object).expect("the object is in the request")["colour"] = json!("red");
        assert!(!validator.is_valid(&request), "{object} accepts an unknown field");
    }
}

#[test]
fn rejects_the_flat_file_location_of_the_reference_tables() {
    let validator = component(&document::read(), "CreateOtaPackageRequest");
    let flat = request()["file_location"]["obs_location"].clone();
    assert!(!validator.is_valid(&with("/file_location", flat)));
}

#[test]
fn rejects_every_broken_rule_of_a_parameter() {
    let document = document::read();
    let table = [
        (
            "project_id",
            vec![json!("a"), json!("a".repeat(200))],
            vec![json!(""), json!("a/b"), json!("a b"), json!("..")],
        ),
        ("Instance-Id", vec![json!("a"), json!("a".repeat(36))], vec![json!(""), json!("a".repeat(37))]),
        (
            "package_id",
            vec![json!("a-Z9"), json!("a".repeat(36))],
            vec![json!(""), json!("a".repeat(37)), json!("a_b")],
        ),
        ("app_id", vec![json!("a_-Z9")], vec![json!(""), json!("a".repeat(37)), json!("a.b")]),
        ("product_id", vec![json!("a_-Z9")], vec![json!(""), json!("a".repeat(37)), json!("a.b")]),
        ("package_type", vec![json!("modulePackage")], vec![json!("module"), json!("")]),
        ("version", vec![json!("1".repeat(256))], vec![json!(""), json!("1".repeat(257)), json!("1 2")]),
        ("limit", vec![json!(1), json!(50)], vec![json!(0), json!(51), json!("10"), json!(1.5)]),
        (
            "marker",
            vec![json!("f".repeat(24))],
            vec![json!("f".repeat(23)), json!("f".repeat(25)), json!("g".repeat(24))],
        ),
        ("offset", vec![json!(0), json!(500)], vec![json!(-1), json!(501)]),
    ];
    for operation in operations(&document) {
        for parameter in parameters(&document, operation) {
            let name = parameter["name"].as_str().expect("a parameter has a name");
            let row = table.iter().find(|(row, ..)| *row == name);
            let (_, good, bad) = row.unwrap_or_else(|| panic!("{name} has no row in the table"));
            let validator = validator(&document, &parameter["schema"]);
            assert!(good.iter().all(|value| validator.is_valid(value)), "{name} rejects one of {good:?}");
            assert!(bad.iter().all(|value| !validator.is_valid(value)), "{name} accepts one of {bad:?}");
        }
    }
}
