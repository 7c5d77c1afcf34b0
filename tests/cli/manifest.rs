//! `package publish` with a manifest: how it is found, what goes before it, and what is said about its values.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Home, assert_picture, sample, service};

const MANIFEST: &str = "\
app_id = \"my-app\"
product_id = \"my-product\"
package_type = \"firmware\"
support_source_versions = [\"1.0\", \"1.1\"]
description = \"from the manifest\"
bucket_name = \"of-manifest\"
object_key = \"releases/{package_type}/{version}/{file_name}\"
";

/// A home with a firmware file in a folder, and a manifest beside it.
fn home_with(manifest: impl AsRef<[u8]>) -> Home {
    let home = Home::new();
    fs::create_dir(home.path("firmware")).unwrap();
    home.file("firmware/thermometer.bin", "firmware");
    home.file("firmware/ota.toml", manifest);
    home
}

const PUBLISH: [&str; 5] = ["package", "publish", "firmware/thermometer.bin", "--version", "2.0"];

fn publish<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&PUBLISH, more].concat()
}

/// The request that a dry run shows.
#[track_caller]
fn request(home: &Home, more: &[&str], variables: &[(&str, &str)]) -> Value {
    let region = [("IOTDA_OTA_REGION", "cn-north-4"), ("HUAWEICLOUD_SDK_PROJECT_ID", "my-project")];
    let arguments = [&publish(more)[..], &["--dry-run", "--format", "json"]].concat();
    home.run_with(&arguments, &[&region[..], variables].concat()).succeeded().json()["request"].clone()
}

/// The example of the README.
fn example() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n### The manifest\n").unwrap();
    let (_, example) = section.split_once("```toml\n").unwrap();
    example.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_example_of_the_readme_publishes_a_file_and_its_version() {
    let home = home_with(example());
    home.run(&["manifest", "check", "firmware/ota.toml"]).succeeded();
    let run = home.emulated(&publish(&["--dry-run"])).succeeded();
    assert_picture!("manifest_dry_run", run);
    let run = home.emulated(&PUBLISH).succeeded();
    assert_picture!("manifest_publish", run);
    assert!(home.emulated(&PUBLISH).succeeded().stdout.contains("outcome                  verified"));
}

#[test]
fn flags_and_variables_go_before_the_manifest() {
    let home = home_with(MANIFEST);
    let sent = request(&home, &[], &[]);
    assert_eq!(sent["app_id"], "my-app");
    assert_eq!(sent["package_type"], "firmwarePackage");
    assert_eq!(sent["description"], "from the manifest");
    assert_eq!(sent["support_source_versions"], serde_json::json!(["1.0", "1.1"]));
    let location = &sent["file_location"]["obs_location"];
    assert_eq!(location["bucket_name"], "of-manifest");
    assert_eq!(location["object_key"], "releases/firmwarePackage/2.0/thermometer.bin");

    let flags = ["--app-id", "other", "--type", "software", "--support-source-version", "1.9", "--custom-info", "new"];
    let sent = request(&home, &flags, &[("IOTDA_OTA_BUCKET", "of-variable")]);
    assert_eq!(sent["app_id"], "other");
    assert_eq!(sent["product_id"], "my-product");
    assert_eq!(sent["custom_info"], "new");
    assert_eq!(sent["support_source_versions"], serde_json::json!(["1.9"]));
    let location = &sent["file_location"]["obs_location"];
    assert_eq!(location["bucket_name"], "of-variable");
    assert_eq!(location["object_key"], "releases/softwarePackage/2.0/thermometer.bin");

    let flags = ["--bucket", "of-flag", "--object-key", "x/{version}.bin"];
    let sent = request(&home, &flags, &[("IOTDA_OTA_BUCKET", "of-variable")]);
    let location = &sent["file_location"]["obs_location"];
    assert_eq!(location["bucket_name"], "of-flag");
    // The flag takes the key itself.
    assert_eq!(location["object_key"], "x/{version}.bin");
}

#[test]
fn the_emulator_keeps_its_own_bucket() {
    let home = home_with(MANIFEST);
    let run = home.emulated(&publish(&["--format", "json"])).succeeded();
    assert_eq!(run.json()["object"]["bucket_name"], "emulator-bucket");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_manifest_can_be_named_or_ignored() {
    let home = home_with("colour = 1\n");
    let other = home.file("radio.toml", MANIFEST.replace("\"my-app\"", "\"app-of-radio\""));
    let named = ["--manifest", other.to_str().unwrap()];
    assert_eq!(request(&home, &named, &[])["app_id"], "app-of-radio");

    let run = home.emulated(&publish(&["--no-manifest"])).failed(2);
    assert_picture!("manifest_ignored", run);
    let flags = ["--no-manifest", "--app-id", "a", "--product-id", "p", "--type", "firmware"];
    let run = home.emulated(&publish(&flags)).succeeded();
    assert!(!run.stdout.contains("manifest"), "{}", run.stdout);
    home.run(&publish(&["--no-manifest", "--manifest", "radio.toml"])).failed(2);
}

#[test]
fn only_the_folder_of_the_file_is_looked_into() {
    let home = home_with(MANIFEST);
    let sample = sample();
    let run = home.emulated(&["package", "publish", &sample, "--version", "2.0", "--format", "json"]).failed(2);
    assert_eq!(run.error()["violations"].as_array().unwrap().len(), 3);
    // A file that is named without a folder is in the current one.
    let mut command = home.command(&["--emulator", "package", "publish", "thermometer.bin", "--version", "2.0"]);
    let output = command.current_dir(home.path("firmware")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nmanifest                 ota.toml\n"), "{text}");
}

#[test]
fn the_pattern_of_the_default_key_makes_the_default_key() {
    let pattern = "ota/{app_id}/{product_id}/{package_type}/{module_name}/{version}/{file_name}";
    let manifest =
        "app_id = 'a'\nproduct_id = 'p'\npackage_type = 'module'\nmodule_name = 'm'\nbucket_name = 'bucket'\n";
    let key = |manifest: &str| {
        request(&home_with(manifest), &[], &[])["file_location"]["obs_location"]["object_key"].to_string()
    };
    assert_eq!(key(manifest), key(&format!("{manifest}object_key = '{pattern}'\n")));
}

#[test]
fn a_pattern_without_its_value_is_explained() {
    let home = home_with(MANIFEST.replace("{package_type}", "{module_name}"));
    let run = home.emulated(&PUBLISH).failed(2);
    assert_picture!("manifest_pattern_without_module", run);
    let sent = request(&home, &["--type", "module", "--module-name", "radio"], &[]);
    assert_eq!(sent["file_location"]["obs_location"]["object_key"], "releases/radio/2.0/thermometer.bin");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pattern_takes_no_file_name_that_is_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let home = home_with(MANIFEST);
    let file = home.path("firmware").join(OsStr::from_bytes(b"f\xff.bin"));
    fs::write(&file, "firmware").unwrap();
    let mut command = home.command(&["--emulator", "--format", "json", "package", "publish", "--version", "2.0"]);
    let output = command.arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("named in UTF-8, because the object key is made of it"), "{error}");
}

#[test]
fn a_value_that_breaks_a_rule_is_found_where_it_stands() {
    let manifest = MANIFEST.replace("my-app", "my app").replace("\"1.1\"", "\"1 1\"").replace("of-manifest", "ab");
    let home = home_with(manifest);
    let wrong = publish(&["--product-id", "my product", "--version", "2 0"]);
    let wrong: Vec<_> = wrong.into_iter().filter(|word| *word != "2.0").collect();
    let wrong = [&wrong[..3], &wrong[4..]].concat();
    let variables = service("http://127.0.0.1:9");
    let variables: Vec<_> = variables.into_iter().filter(|(name, _)| *name != "IOTDA_OTA_BUCKET").collect();
    assert_picture!("manifest_wrong_values", home.run_with(&wrong, &variables).failed(2));

    let run = home.run_with(&[&wrong[..], &["--format", "json"]].concat(), &variables).failed(2);
    let violation = run.error()["violations"][0].clone();
    assert_eq!(
        (&violation["field"], &violation["line"], &violation["column"]),
        (&"app_id".into(), &1.into(), &10.into())
    );
}

#[test]
fn a_damaged_manifest_is_reported_with_everything_else() {
    let home = home_with("app_id = my-app\nproduct = 'p'\npackage_type = 'firmware'\nobject_key = 'x/{verson}'\n");
    let run = home.emulated(&publish(&["--description", &"x".repeat(1025)])).failed(2);
    assert_picture!("manifest_damaged", run);
}

#[test]
fn what_is_missing_can_be_added_to_the_manifest() {
    let home = home_with("app_id = 'my-app'\n");
    assert_picture!("manifest_lacks_values", home.emulated(&PUBLISH).failed(2));
}

#[test]
fn rules_can_be_switched_off_in_the_manifest() {
    let home = home_with(MANIFEST.replace("{file_name}", "{file_name}.txt"));
    let run = home.emulated(&PUBLISH).failed(2);
    assert!(run.stderr.contains("object_key (firmware/ota.toml:7:14)"), "{}", run.stderr);
    let home = home_with(MANIFEST.replace("{file_name}", "{file_name}.txt") + "allow = ['suffix']\n");
    home.emulated(&PUBLISH).succeeded();
}
