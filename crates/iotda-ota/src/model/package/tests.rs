//! What holds for every package: written and read it is the same, and one odd field does not cost the others.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn locations() -> impl Strategy<Value = ObsLocation> {
    let text = || option::of(".{1,12}");
    (".{0,9}", ".{0,9}", ".{0,9}", text(), text()).prop_map(|(region_name, bucket_name, object_key, method, sign)| {
        let sign_method = method.map(SignMethod::from);
        let sign = sign.map(Checksum::from);
        ObsLocation { region_name, bucket_name, object_key, sign_method, sign }
    })
}

fn packages() -> impl Strategy<Value = Package> {
    let text = || option::of(".{1,12}");
    let location = option::of(locations().prop_map(FileLocation::from));
    let names = (".{1,36}", ".{0,36}", ".{0,12}", ".{0,36}", ".{0,12}");
    let optional = (text(), text(), text(), text(), text());
    (names, optional, vec(".{0,9}", 0..4), location).prop_map(|(names, optional, versions, file_location)| Package {
        package_id: names.0.into(),
        app_id: names.1.into(),
        package_type: PackageType::from(names.2),
        product_id: names.3.into(),
        product_name: optional.0,
        module_name: optional.1,
        version: names.4.into(),
        support_source_versions: versions.into_iter().map(PackageVersion::from).collect(),
        description: optional.2,
        custom_info: optional.3,
        create_time: optional.4.as_deref().map(CreateTime::from),
        file_location,
    })
}

proptest! {
    #[test]
    fn a_package_that_is_written_is_read_as_the_same(package in packages()) {
        let body = serde_json::to_vec(&package).unwrap();
        prop_assert_eq!(Package::from_body(&body), Some(package.clone()));
        // The document knows of no other types; what it takes, it reads as the same.
        if let Ok(wire) = serde_json::from_slice::<types::OtaPackage>(&body) {
            prop_assert_eq!(Package::from_wire(wire), Some(package));
        }
    }

    #[test]
    fn one_odd_field_does_not_cost_the_others(package in packages(), field in 1_usize..12, odd in 0_usize..4) {
        let mut body = serde_json::to_value(&package).unwrap();
        let names = [
            "package_id", "app_id", "package_type", "product_id", "product_name", "module_name", "version",
            "support_source_versions", "description", "custom_info", "create_time", "file_location",
        ];
        let odd = [json!(7), json!([{}]), json!(true), json!("text")][odd].clone();
        // A text is odd only where none is expected.
        prop_assume!(!odd.is_string() || matches!(names[field], "support_source_versions" | "file_location"));
        body[names[field]] = odd;
        let read = Package::from_body(body.to_string().as_bytes()).unwrap();
        let mut expected = serde_json::to_value(&package).unwrap();
        let mut found = serde_json::to_value(&read).unwrap();
        for value in [&mut expected, &mut found] {
            value.as_object_mut().unwrap().remove(names[field]);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn one_odd_field_of_a_location_does_not_cost_the_others(
        package in packages(), location in locations(), field in 0_usize..5, odd in 0_usize..4,
    ) {
        let mut package = Package { file_location: Some(location.into()), ..package };
        let name = ["region_name", "bucket_name", "object_key", "sign_method", "sign"][field];
        let odd = [json!(null), json!(7), json!([{}]), json!(true)][odd].clone();
        let mut body = serde_json::to_value(&package).unwrap();
        body["file_location"]["obs_location"][name] = odd;
        let body = body.to_string();
        let left = package.file_location.as_mut().unwrap().obs_location.as_mut().unwrap();
        match name {
            "region_name" => left.region_name.clear(),
            "bucket_name" => left.bucket_name.clear(),
            "object_key" => left.object_key.clear(),
            "sign_method" => left.sign_method = None,
            _ => left.sign = None,
        }
        prop_assert_eq!(Package::from_body(body.as_bytes()), Some(package.clone()));
        if let Ok(wire) = serde_json::from_str::<types::OtaPackage>(&body) {
            prop_assert_eq!(Package::from_wire(wire), Some(package));
        }
    }

    #[test]
    fn any_bytes_are_a_package_or_none(bytes in vec(any::<u8>(), 0..200), id in "[^\\p{C}\"\\\\]{0,40}") {
        prop_assert_eq!(Package::from_body(&bytes), None);
        let named = Package::from_body(format!(r#"{{"package_id":"{id}","more":{{"a":[1]}}}}"#).as_bytes());
        prop_assert_eq!(named.map(|package| package.package_id.to_string()), Some(id).filter(|id| !id.is_empty()));
    }

    #[test]
    fn a_create_time_is_a_moment_or_kept_as_text(text in ".{0,20}", seconds in 0_i64..253_000_000_000) {
        let _ = CreateTime::from(text.as_str()).timestamp();
        let moment = jiff::Timestamp::from_second(seconds).unwrap();
        let written = moment.strftime("%Y%m%dT%H%M%SZ").to_string();
        prop_assert_eq!(CreateTime::from(written.as_str()).timestamp(), Some(moment));
    }
}

#[test]
fn null_stands_for_a_field_that_is_not_there() {
    let read = Package::from_body(br#"{"package_id":"1","app_id":null,"file_location":null,"description":null}"#);
    assert_eq!(read, Some(Package { package_id: "1".into(), ..Package::default() }));
    assert_eq!(serde_json::to_value(read).unwrap(), json!({ "package_id": "1" }));
    assert_eq!(Package::from_body(Value::Null.to_string().as_bytes()), None);
}

#[test]
fn a_location_that_cannot_be_read_is_not_taken_for_none() {
    let located = |location: Value| {
        let body = json!({ "package_id": "1", "file_location": location });
        Package::from_body(body.to_string().as_bytes()).unwrap()
    };
    for none in [json!(null), json!({}), json!({ "obs_location": null })] {
        assert_eq!(located(none).readable_location().unwrap(), None);
    }
    for odd in [
        json!(7),
        json!("abc/x.bin"),
        json!([{}]),
        json!({ "obs_location": "abc/x.bin" }),
        json!({ "obs_location": [] }),
        json!({ "obs_location": { "bucket_name": "abc", "object_key": 7 } }),
    ] {
        let package = located(odd);
        assert!(package.obs_location().is_some() && package.readable_location().is_err(), "{package:?}");
    }
    let named = located(json!({ "obs_location": { "region_name": 7, "bucket_name": "abc", "object_key": "x.bin" } }));
    assert_eq!(named.readable_location().unwrap(), Some(&ObsLocation::new("", "abc", "x.bin")));
}
