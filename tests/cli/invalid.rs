//! Values that break a rule: named one by one, all at once, before anything is sent.

use std::fs::File;

use serde_json::Value;

use crate::harness::{Home, PACKAGE, assert_picture, publish, sample, service};

/// A create whose only mistake is what replaces or follows.
fn create<'a>(replaced: &'a str, by: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = [&["package", "create", "--object-key", "upgrade.bin"], &PACKAGE[..], more].concat();
    words.into_iter().map(|word| if word == replaced { by } else { word }).collect()
}

/// Field and rule of every violation.
fn violations(error: &Value) -> Vec<String> {
    let violations = error["violations"].as_array().unwrap().iter();
    violations.map(|violation| format!("{} {}", violation["field"], violation["rule"]).replace('"', "")).collect()
}

const EIGHT_MISTAKES: [&str; 19] = [
    "package",
    "create",
    "--app-id",
    "my app",
    "--product-id",
    "this-product-id-is-longer-than-thirty-six",
    "--version",
    "2 0",
    "--type",
    "firm",
    "--module-name",
    "radio",
    "--bucket",
    "ab",
    "--object-key",
    "upgrade.txt",
    "--sign",
    "0123",
    "--quiet",
];

#[test]
fn one_call_with_eight_mistakes_reports_eight() {
    let home = Home::new();
    assert_picture!("eight_mistakes", home.nowhere(&EIGHT_MISTAKES).failed(2));

    let run = home.nowhere(&[&EIGHT_MISTAKES[..], &["--format", "json"]].concat()).failed(2);
    assert_picture!("eight_mistakes_json", run);
    let error = run.error();
    assert_eq!(error["violations"].as_array().unwrap().len(), 8);
    assert_eq!(error["kind"], "invalid");
}

#[test]
fn settings_that_are_missing_are_reported_with_everything_else() {
    let run = Home::new().run_with(
        &[&EIGHT_MISTAKES[..], &["--format", "json"]].concat(),
        &[
            ("IOTDA_OTA_TOKEN", "fake-token"),
            ("HUAWEICLOUD_SDK_AK", "FAKE-ACCESS-KEY"),
            ("IOTDA_OTA_CA_FILE", "missing.pem"),
        ],
    );
    let found = violations(&run.failed(2).error());
    let settings = ["ca_file", "HUAWEICLOUD_SDK_SK", "endpoint", "app_id"];
    let fields: Vec<_> = found.iter().map(|text| text.split(' ').next().unwrap()).collect();
    assert_eq!(fields[..4], settings);
    assert_eq!(fields.len(), 11);
}

#[test]
fn a_file_that_cannot_be_published_is_named() {
    let home = Home::new();
    let folder = home.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let empty = home.file("empty.bin", "");
    let large = home.path("large.bin");
    File::create(&large).unwrap().set_len((1 << 30) + 1).unwrap();
    let other = home.file("firmware.txt", "firmware");
    for (name, file) in [
        ("file_missing", home.path("missing.bin")),
        ("file_is_a_folder", folder),
        ("file_empty", empty),
        ("file_too_large", large),
        ("file_suffix", other),
    ] {
        let key = if name == "file_is_a_folder" { "folder.bin" } else { "" };
        let more = if key.is_empty() { vec![] } else { vec!["--object-key", key] };
        assert_picture!(name, home.nowhere(&publish(file.to_str().unwrap(), &more)).failed(2));
    }
}

#[test]
#[cfg(unix)]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let file = home.file("closed.bin", "firmware");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if let Some(run) = home.ordinary(&publish(file.to_str().unwrap(), &[]), &service("http://127.0.0.1:9")) {
        assert_picture!("file_unreadable", run.failed(2));
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_and_a_device_are_refused_without_waiting() {
    let home = Home::new();
    let pipe = home.path("pipe.bin");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for file in [pipe.to_str().unwrap(), "/dev/zero"] {
        let run = home.nowhere(&publish(file, &["--object-key", "a.bin", "--format", "json"])).failed(2);
        assert_eq!(violations(&run.error()), ["file a regular file"]);
    }
    // A link is what it leads to.
    std::os::unix::fs::symlink(sample(), home.path("link.bin")).unwrap();
    home.emulated(&publish("link.bin", &[])).succeeded();
    std::os::unix::fs::symlink("/dev/zero", home.path("zero.bin")).unwrap();
    home.nowhere(&publish("zero.bin", &[])).failed(2);
}

#[test]
fn each_documented_rule_names_field_rule_and_remedy() {
    let home = Home::new();
    let sign = "a".repeat(63);
    let long = "x".repeat(37);
    let versions: Vec<_> = (0..21).map(|number| format!("1.{number}")).collect();
    let sources: Vec<_> = versions.iter().flat_map(|version| ["--support-source-version", version]).collect();
    let text = "升".repeat(1025);
    for (name, arguments) in [
        ("rule_app_id_too_long", create("my-app", &long, &[])),
        ("rule_product_id_with_a_blank", create("my-product", "my product", &[])),
        ("rule_unknown_type", create("firmware", "gadget", &[])),
        ("rule_version_with_a_space", create("2.0", "2 0", &[])),
        ("rule_21_source_versions", create("", "", &sources)),
        ("rule_description_too_long", create("", "", &["--description", &text])),
        ("rule_module_name_without_module", create("", "", &["--module-name", "radio"])),
        ("rule_module_without_module_name", create("firmware", "module", &[])),
        ("rule_bucket_name", create("", "", &["--bucket", "A_"])),
        ("rule_object_key_suffix", create("upgrade.bin", "x.txt", &[])),
        ("rule_sign_of_63_digits", create("", "", &["--sign", &sign])),
    ] {
        assert_picture!(name, home.nowhere(&arguments).failed(2));
    }
}

#[test]
fn what_a_rule_allows_is_sent() {
    let home = Home::new();
    let text = "升".repeat(1024);
    let run = home.emulated(&publish(&sample(), &["--description", &text, "--format", "json"])).succeeded();
    assert_eq!(run.json()["package"]["description"], text.as_str());
    // Nobody listens there, and finding that out takes a request.
    home.nowhere(&create("upgrade.bin", "x.txt", &["--allow", "suffix"])).failed(7);
}

#[test]
fn a_short_name_and_the_name_on_the_wire_are_the_same_type() {
    let home = Home::new();
    for (given, wire) in [("software", "softwarePackage"), ("softwarePackage", "softwarePackage")] {
        let run = home.nowhere(&create("firmware", given, &["--dry-run", "--format", "json"])).succeeded();
        assert_eq!(run.json()["request"]["package_type"], wire);
    }
}
