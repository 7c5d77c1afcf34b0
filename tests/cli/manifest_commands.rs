//! `manifest init`, `check` and `schema`, and files that are no manifests.

use std::fs;

use serde_json::Value;

use crate::harness::{Home, assert_picture, publish, service};

/// Every kind of mistake, most of them on lines of their own.
const MISTAKES: &str = "\
# No manifest.
app_id = \"my app, which is longer than thirty-six\"
app_id = \"twice\"
product-id = \"p\"
type = \"firmware\"
package_type = \"gadget\"
module_name = 5
support_source_versions = [\"1 0\", 2, \"1.1\", { a = 1 }]
description = [\"one\"]
custom_info = what devices are told
bucket_name = \"A_\"
object_key = \"a/{verson}/{file_name}/../{colour}\"
allow = [\"sufix\", \"everything\", 1]
version = \"2.0\"
[connection]
region = \"cn-north-4\"
";

/// Line, column and field of each violation.
fn places(error: &Value) -> Vec<String> {
    let violations = error["violations"].as_array().unwrap().iter();
    violations.map(|v| format!("{}:{} {}", v["line"], v["column"], v["field"].as_str().unwrap())).collect()
}

#[test]
fn check_names_every_mistake_with_line_and_column() {
    let home = Home::new();
    home.file("ota.toml", MISTAKES);
    assert_picture!("manifest_check", home.run(&["manifest", "check"]).failed(2));
    let run = home.run(&["manifest", "check", "ota.toml", "--format", "json"]).failed(2);
    assert_picture!("manifest_check_json", run);
    let (error, text) = (run.error(), MISTAKES.lines().collect::<Vec<_>>());
    assert_eq!(error["kind"], "invalid");
    let places = places(&error);
    // Every line but the comment and the last, which belongs to the section above it.
    for line in 2..text.len() {
        assert!(places.iter().any(|place| place.starts_with(&format!("{line}:"))), "{line} {places:#?}");
    }
}

/// Rule and help of each violation.
fn helps(home: &Home, text: &str) -> Vec<String> {
    home.file("ota.toml", text);
    let error = home.run(&["manifest", "check", "--format", "json"]).failed(2).error();
    let violations = error["violations"].as_array().unwrap().iter();
    violations.map(|v| format!("{}: {}", v["field"].as_str().unwrap(), v["help"].as_str().unwrap())).collect()
}

#[test]
fn what_was_probably_meant_is_told_and_checked() {
    let home = Home::new();
    let found = helps(&home, "source_versions = [\"1 0\"]\n");
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "source_versions: did you mean support_source_versions?");
    assert!(found[1].starts_with("support_source_versions[0]: remove ' '"), "{found:?}");
    // The one that is written as it should be counts.
    let found = helps(&home, "source_versions = [\"1 0\"]\nsupport_source_versions = [\"1.0\"]\n");
    assert_eq!(found.len(), 1, "{found:?}");

    let version = "give it with --version: it changes with every release";
    assert_eq!(helps(&home, "version = \"2.0\"\n"), [format!("version: {version}")]);
    assert_eq!(helps(&home, "verison = \"2.0\"\n"), [format!("verison: did you mean version? {version}")]);
    assert_eq!(helps(&home, "package_type = \"firmwre\"\n"), ["package_type: did you mean firmware?"]);
}

#[test]
fn a_rule_that_can_be_switched_off_is_switched_off_in_the_manifest() {
    let home = Home::new();
    let found = helps(&home, "object_key = \"a/{version}.hex\"\n");
    assert!(found.len() == 1 && found[0].ends_with("(allow = [\"suffix\"])"), "{found:?}");
    home.file("ota.toml", "object_key = \"a/{version}.hex\"\nallow = [\"suffix\"]\n");
    home.run(&["manifest", "check"]).succeeded();

    home.file("ota.toml", "object_key = \"a/{version}.hex\"\n");
    let run = home.nowhere(&publish(&home.file("a.bin", "firmware").display().to_string(), &[])).failed(2);
    assert!(run.stderr.contains("(allow = [\"suffix\"])"), "{}", run.stderr);
}

#[test]
fn check_accepts_marks_and_line_ends_of_other_systems() {
    let home = Home::new();
    let text = "\u{feff}app_id = 'a'\r\n# é\r\nproduct_id = 'é p'\r\n";
    home.file("ota.toml", text);
    let run = home.run(&["manifest", "check", "--format", "json"]).failed(2);
    assert_eq!(places(&run.error()), ["3:14 product_id"]);
    home.file("ota.toml", text.replace("é p", "p"));
    assert_picture!("manifest_check_ok", home.run(&["manifest", "check"]).succeeded());
    let run = home.run(&["manifest", "check", "--format", "json"]).succeeded();
    assert_eq!(run.json(), serde_json::json!({ "manifest": "ota.toml", "ok": true }));
    // Nothing is needed, so an empty one is right.
    home.file("ota.toml", "");
    home.run(&["manifest", "check"]).succeeded();
}

#[test]
fn a_file_that_cannot_be_a_manifest_is_named() {
    let home = Home::new();
    home.file("firmware.bin", "firmware");
    fs::create_dir(home.path("folder")).unwrap();
    home.file("latin.toml", b"app_id = 'a'\n# caf\xe9\n");
    home.file("large.toml", "#".repeat((64 << 10) + 1));
    for (name, file) in [
        ("manifest_missing", "missing.toml"),
        ("manifest_is_a_folder", "folder"),
        ("manifest_not_utf_8", "latin.toml"),
        ("manifest_too_large", "large.toml"),
    ] {
        assert_picture!(name, home.run(&["manifest", "check", file]).failed(2));
        let publish = ["package", "publish", "firmware.bin", "--version", "1", "--manifest", file];
        let run = home.emulated(&[&publish[..], &["--format", "json"]].concat()).failed(2);
        assert_eq!(run.error()["violations"].as_array().unwrap().len(), 1, "{}", run.stderr);
        assert_eq!(run.error()["violations"][0]["field"], "manifest");
    }
    home.file("large.toml", "#".repeat(64 << 10));
    home.run(&["manifest", "check", "large.toml"]).succeeded();
}

#[test]
#[cfg(unix)]
fn a_manifest_that_is_found_but_cannot_be_read_is_not_passed_over() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = Home::new();
    home.file("firmware.bin", "firmware");
    let manifest = home.path("ota.toml");
    let publish = ["package", "publish", "firmware.bin", "--version", "1", "--app-id", "a", "--product-id", "p"];
    let publish = [&publish[..], &["--type", "firmware", "--format", "json"]].concat();

    let refused = |rule: &str| {
        let run = home.emulated(&publish).failed(2);
        assert_eq!(run.error()["violations"][0]["rule"], rule);
    };
    symlink("nowhere", &manifest).unwrap();
    refused("an existing file");
    fs::remove_file(&manifest).unwrap();
    fs::create_dir(&manifest).unwrap();
    refused("a file and no folder");
    fs::remove_dir(&manifest).unwrap();
    std::process::Command::new("mkfifo").arg(&manifest).status().unwrap();
    refused("a regular file");
    fs::remove_file(&manifest).unwrap();

    home.file("ota.toml", "");
    fs::set_permissions(&manifest, fs::Permissions::from_mode(0o000)).unwrap();
    if let Some(run) = home.ordinary(&publish, &service("http://127.0.0.1:9")) {
        assert_eq!(run.failed(2).error()["violations"][0]["rule"], "readable");
    }
}

#[test]
fn init_writes_a_manifest_with_comments_and_never_over_another() {
    let home = Home::new();
    assert_picture!("manifest_init", home.run(&["manifest", "init"]).succeeded());
    let text = fs::read_to_string(home.path("ota.toml")).unwrap();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("manifest_init_file", text);
    });
    home.run(&["manifest", "check"]).succeeded();
    assert_picture!("manifest_init_again", home.run(&["manifest", "init", "--app-id", "a"]).failed(5));
    assert_eq!(fs::read_to_string(home.path("ota.toml")).unwrap(), text);
    home.run(&["manifest", "init", "missing/ota.toml"]).failed(1);
}

#[test]
fn init_writes_the_values_that_it_is_given() {
    let home = Home::new();
    let values = ["--app-id", "a", "--product-id", "p", "--type", "firmware", "--bucket", "my-bucket"];
    let texts = ["--description", "two \"lines\"\nand é", "--object-key", "x/{version}.bin", "--allow", "size"];
    let sources = ["--support-source-version", "1.0", "--support-source-version", "1.1", "--format", "json"];
    let run = home.run(&[&["manifest", "init", "radio.toml"], &values[..], &texts, &sources].concat()).succeeded();
    assert_eq!(run.json(), serde_json::json!({ "manifest": "radio.toml", "written": true }));
    home.file("radio.img", "firmware");
    let publish = ["package", "publish", "radio.img", "--version", "2.0", "--manifest", "radio.toml", "--dry-run"];
    let place = ["--format", "json", "--region", "cn-north-4", "--project-id", "p"];
    let request = &home.run(&[&publish[..], &place].concat()).succeeded().json()["request"];
    assert_eq!(request["description"], "two \"lines\"\nand é");
    assert_eq!(request["support_source_versions"], serde_json::json!(["1.0", "1.1"]));
    assert_eq!(request["file_location"]["obs_location"]["bucket_name"], "my-bucket");
    assert_eq!(request["file_location"]["obs_location"]["object_key"], "x/2.0.bin");
}

#[test]
fn init_refuses_values_that_check_would_refuse() {
    let home = Home::new();
    let run = home.run(&["manifest", "init", "--app-id", "my app", "--object-key", "{verson}", "--bucket", "A"]);
    assert_picture!("manifest_init_wrong_values", run.failed(2));
    assert!(!home.path("ota.toml").exists());
}

#[test]
fn the_schema_is_one_that_editors_know() {
    let run = Home::new().run(&["manifest", "schema"]).succeeded();
    assert_picture!("manifest_schema", run);
    assert_eq!(run.json()["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::draft7::meta::validate(&run.json()).unwrap();
}

#[test]
fn flags_without_effect_are_refused() {
    let home = Home::new();
    for flag in [["--region", "cn-north-4"], ["--bucket", "my-bucket"], ["--emulator-dir", "data"]] {
        home.run(&[&["manifest", "check"], &flag[..]].concat()).failed(2);
        home.run(&[&["manifest", "schema"], &flag[..]].concat()).failed(2);
    }
    home.run(&["--emulator", "manifest", "init"]).failed(2);
}
