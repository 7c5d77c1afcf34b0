//! The written rules and the OpenAPI document are two readings of the same limits; here they are compared.

use iotda_ota_client::types;
use proptest::prelude::*;

use crate::model::{ObsLocation, PackageType};
use crate::packages::CreateRequest;
use crate::validate::Violations;

/// Mostly a plain text, else one around the limits and with characters that the rules speak of or do not.
fn text(most: usize) -> impl Strategy<Value = String> {
    let class = prop_oneof![8 => "[A-Za-z0-9]", 2 => "[_.-]", 1 => "[ /%é固\u{1F600}\u{0}]"];
    let length = prop_oneof![0..5_usize, most.saturating_sub(1)..most + 2];
    let odd = (prop::collection::vec(class, 1..4), length).prop_map(|(parts, length)| {
        // Few distinct characters, repeated to the length: a long text is then as often right as wrong.
        parts.concat().chars().cycle().take(length).collect()
    });
    prop_oneof![7 => "[A-Za-z0-9]{1,8}", 1 => odd]
}

fn request() -> impl Strategy<Value = CreateRequest> {
    let package_type = prop_oneof![3 => Just("softwarePackage"), 3 => Just("firmwarePackage"), 3 => Just("modulePackage"), 1 => Just("other")];
    let identity = (text(36), text(36), package_type, text(256), prop::option::of(text(64)));
    let texts = (prop::option::of(text(1024)), prop::option::of(text(4096)), prop::collection::vec(text(8), 0..4));
    let sign = prop_oneof![7 => "[0-9a-fA-F]{64}", 1 => "[0-9a-g]{63,65}"];
    let bucket = prop_oneof![7 => "[a-z0-9.-]{3,63}", 1 => "[A-Za-z_.]{2,64}"];
    let location = (text(256), bucket, text(1024), prop::option::of(sign));
    (identity, texts, location).prop_map(|((app, product, package_type, version, module), texts, location)| {
        let (region, bucket, key, sign) = location;
        let mut location = ObsLocation::new(region, bucket, key);
        location.sign = sign.map(Into::into);
        let mut request = CreateRequest::new(app.into(), product.into(), package_type.into(), version.into(), location);
        request.module_name = module;
        (request.description, request.custom_info) = (texts.0, texts.1);
        request.support_source_versions = texts.2.into_iter().map(Into::into).collect();
        request
    })
}

proptest! {
    #[test]
    fn the_written_rules_refuse_exactly_what_the_document_refuses(request in request()) {
        let mut violations = Violations::default();
        request.check(false, &mut violations);
        // These two rules are not the document's: it cannot say the one, and the generator drops the other.
        let only_written = violations.iter().all(|violation| {
            violation.field == "module_name" && violation.rule.contains("package_type")
        });
        let json = serde_json::to_value(&request).unwrap();
        let document = serde_json::from_value::<types::CreateOtaPackageRequest>(json);
        prop_assert_eq!(document.is_ok(), only_written, "{}\n{:?}", violations, document.err());
    }

    #[test]
    fn every_violation_is_one_line_that_names_field_and_rule(request in request()) {
        let mut violations = Violations::default();
        request.check(true, &mut violations);
        for violation in &violations {
            let line = violation.to_string();
            prop_assert!(line.starts_with(&violation.field) && line.contains(&violation.rule));
            prop_assert!(line.chars().count() < 500 && !line.chars().any(char::is_control), "{}", line);
        }
    }

    #[test]
    fn a_package_survives_being_written_and_read(app in text(36), version in text(256), unknown in "[a-z]{0,12}") {
        let package = crate::model::Package {
            package_id: "28f61af50fc9452aa0ed5ea25c3cc3d3".into(),
            app_id: app.into(),
            package_type: PackageType::from(unknown),
            version: version.into(),
            ..Default::default()
        };
        let text = serde_json::to_string(&package).unwrap();
        prop_assert_eq!(serde_json::from_str::<crate::model::Package>(&text).unwrap(), package);
    }
}
