//! Nothing that the service may plausibly answer breaks a response schema: nulls, missing and unknown fields, values of
//! enumerations that nobody knows yet, texts of any length and form.

use serde_json::{Map, Value, json};

use crate::document::{self, component};

/// A value of each schema that a response can be, with every field set.
fn full_responses() -> [(&'static str, Value); 3] {
    let info = json!({
        "package_id": "p", "app_id": "a", "package_type": "firmwarePackage", "product_id": "p", "product_name": "n",
        "module_name": "m", "version": "V2.0", "support_source_versions": ["V1.0"], "description": "d",
        "custom_info": "c", "create_time": "20230211T121212Z",
    });
    let mut package = info.clone();
    package["file_location"] = json!({ "obs_location": {
        "region_name": "r", "bucket_name": "b", "object_key": "k", "sign_method": "SHA256", "sign": "00",
    }});
    let list = json!({ "packages": [info], "page": { "count": 1, "marker": "m" } });
    let error = json!({ "error_code": "IOTDA.000006", "error_msg": "Invalid input data." });
    [("OtaPackage", package), ("OtaPackageList", list), ("ApiError", error)]
}

/// The pointers of everything inside a value, outermost first.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, child)| (format!("/{name}"), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (format!("/{index}"), child)).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (step, child) in children {
        found.extend(pointers(child).into_iter().map(|pointer| format!("{step}{pointer}")));
        found.push(step);
    }
    found
}

/// Tries every response with each of its members changed in turn.
fn accepts_after(change: impl Fn(&mut Value) -> bool) {
    let document = document::read();
    let mut changes = 0;
    for (name, full) in full_responses() {
        let validator = component(&document, name);
        assert!(validator.is_valid(&full), "{name} rejects {full}");
        for pointer in pointers(&full).into_iter().chain([String::new()]) {
            let mut changed = full.clone();
            let place = changed.pointer_mut(&pointer).expect("the pointer was taken from this value");
            if change(place) {
                changes += 1;
                let outcome = validator.validate(&changed).map_err(|error| error.to_string());
                assert_eq!(outcome, Ok(()), "{name}: {pointer} of {changed}");
            }
        }
    }
    assert!(changes > 0, "nothing was tried");
}

#[test]
fn the_full_responses_have_every_field_of_their_schemas() {
    let document = document::read();
    let [(_, package), (_, list), (_, error)] = full_responses();
    let table = [
        ("OtaPackage", &package),
        ("FileLocation", &package["file_location"]),
        ("ObsLocation", &package["file_location"]["obs_location"]),
        ("OtaPackageList", &list),
        ("OtaPackageInfo", &list["packages"][0]),
        ("Page", &list["page"]),
        ("ApiError", &error),
    ];
    let names = |value: &Value| -> Vec<String> {
        let mut names: Vec<_> = value.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names
    };
    for (name, value) in table {
        assert_eq!(names(&document["components"]["schemas"][name]["properties"]), names(value), "{name}");
    }
}

#[test]
fn accepts_null_for_every_field() {
    accepts_after(|place| {
        let Value::Object(fields) = place else { return false };
        fields.values_mut().for_each(|field| *field = Value::Null);
        true
    });
}

#[test]
fn accepts_objects_without_any_field_and_empty_lists() {
    accepts_after(|place| match place {
        Value::Object(fields) => {
            *fields = Map::new();
            true
        }
        Value::Array(items) => {
            items.clear();
            true
        }
        _ => false,
    });
}

#[test]
fn accepts_unknown_fields_everywhere() {
    accepts_after(|place| {
        let Value::Object(fields) = place else { return false };
        fields.insert("nas_location".to_owned(), json!({ "path": ["/", null, 1] }));
        true
    });
}

#[test]
fn accepts_unknown_enumeration_values_and_odd_texts() {
    for text in ["", "configPackage", "2023-02-11T12:12:12+08:00", "V 2.0 测试\n", &"x".repeat(100_000)] {
        accepts_after(|place| {
            let Value::String(old) = place else { return false };
            *old = text.to_owned();
            true
        });
    }
}

#[test]
fn accepts_more_source_versions_than_a_request_may_have() {
    accepts_after(|place| {
        let Value::Array(items) = place else { return false };
        *items = vec![items[0].clone(); 100];
        true
    });
}
