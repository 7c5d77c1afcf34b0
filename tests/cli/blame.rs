//! What is wrong with a setting is blamed on the flag, the variable, or the line of the file that it came from.

use std::fs;

use iotda_ota_emulator::InstanceKind;
use serde_json::Value;

use crate::harness::{Home, Run, assert_picture};
use crate::instance::Instance;
use crate::profiles::configure;

const LIST: [&str; 4] = ["package", "list", "--type", "firmware"];

/// Where each violation came from, by its field.
fn origins(run: &Run) -> Vec<(String, Option<String>)> {
    let violations = run.error()["violations"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    violations.iter().map(|violation| (text(&violation["field"]).unwrap(), text(&violation["origin"]))).collect()
}

#[test]
fn a_bad_value_is_blamed_on_the_flag_or_the_variable() {
    let home = Home::new();
    let variables = [
        ("IOTDA_OTA_TOKEN", "fake-token"),
        ("IOTDA_OTA_ENDPOINT", "127.0.0.1:8790"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "a/b"),
        ("IOTDA_OTA_REGION", "cn north 4"),
        ("IOTDA_OTA_INSTANCE_ID", "bad id"),
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", "http://iam.invalid"),
    ];
    assert_picture!("blame_variables", home.run_with(&LIST, &variables).failed(2));
    let flags = ["--region", "../x", "--project-id", "%2e%2e", "--format", "json"];
    let run = home.run_with(&[&LIST[..], &flags].concat(), &variables).failed(2);
    let found = origins(&run);
    for (field, origin) in [("region", "--region"), ("project_id", "--project-id"), ("endpoint", "IOTDA_OTA_ENDPOINT")]
    {
        assert!(found.contains(&(field.to_owned(), Some(origin.to_owned()))), "{field}: {found:?}");
    }
    // What nobody gave came from nowhere.
    let run = home.run(&[&LIST[..], &["--format", "json"]].concat()).failed(2);
    assert!(origins(&run).iter().all(|(_, origin)| origin.is_none()), "{}", run.stderr);
}

#[test]
fn a_region_that_fits_into_no_address_breaks_a_rule_of_its_own() {
    let home = Home::new();
    for region in ["a/b", "a b", "cn-north-4\n", "ä", "a%2fb", "a?b", "a@b"] {
        let run = home.run(&[&LIST[..], &["--project-id", "p", "--region", region, "--format", "json"]].concat());
        let violations = run.failed(2).error()["violations"].clone();
        assert_eq!(violations.as_array().unwrap().len(), 1, "{violations}");
        assert_eq!(violations[0]["field"], "region");
        assert!(violations[0]["rule"].as_str().unwrap().starts_with("only letters, digits"), "{violations}");
    }
    // With an address of IoTDA, too: the region would go into the signature and into the address of OBS.
    let flags = ["--endpoint", "http://127.0.0.1:9", "--project-id", "p", "--region", "a/b"];
    assert_picture!("blame_region", home.run(&[&LIST[..], &flags].concat()).failed(2));
}

#[test]
#[cfg(target_os = "linux")]
fn a_bad_value_of_a_profile_is_blamed_on_its_line() {
    let home = Home::new();
    let text = "[profile.factory]\nregion = 'cn/north'\nproject_id = 'a b'\nendpoint = 'ftp://host'\n\
                instance_id = 'a b'\nca_file = 'ca.pem'\nbucket = 'B'\n";
    let file = configure(&home, text);
    fs::write(file.parent().unwrap().join("ca.pem"), "no certificate").unwrap();
    let create = ["package", "create", "--object-key", "upgrade.bin"];
    let arguments = [&create[..], &crate::harness::PACKAGE, &["--profile", "factory"]].concat();
    assert_picture!("blame_profile", home.run(&arguments).failed(2));
    // A flag before it takes the blame.
    let run = home.run(&[&arguments[..], &["--region", "a/b", "--format", "json"]].concat()).failed(2);
    assert!(origins(&run).contains(&("region".to_owned(), Some("--region".to_owned()))), "{}", run.stderr);
}

#[test]
fn a_bad_bucket_is_blamed_although_it_is_found_last() {
    let home = Home::new();
    let create =
        [&["package", "create", "--object-key", "upgrade.bin", "--format", "json"], &crate::harness::PACKAGE[..]];
    let variables = [
        ("IOTDA_OTA_ENDPOINT", "http://127.0.0.1:9"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p"),
        ("IOTDA_OTA_REGION", "test_region"),
        ("IOTDA_OTA_BUCKET", "B_"),
        ("IOTDA_OTA_TOKEN", "fake-token"),
    ];
    let found = origins(&home.run_with(&create.concat(), &variables).failed(2));
    let field = |name: &str| format!("file_location.obs_location.{name}");
    assert!(found.contains(&(field("region_name"), Some("IOTDA_OTA_REGION".to_owned()))), "{found:?}");
    assert!(found.contains(&(field("bucket_name"), Some("IOTDA_OTA_BUCKET".to_owned()))), "{found:?}");
    let emulated = home.emulated(&[&create.concat()[..], &["--bucket", "B_"]].concat()).failed(2);
    assert!(origins(&emulated).contains(&(field("bucket_name"), Some("--bucket".to_owned()))), "{}", emulated.stderr);
}

#[test]
fn a_project_or_an_address_in_a_file_of_credentials_is_blamed_on_that_file() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let mut place = instance.and(&[("IOTDA_OTA_STATE_DIR", "state")]);
    place.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    fs::create_dir(home.path("state")).unwrap();
    let project = r#"{"token":"planted","expires_at":"2099-01-01T00:00:00Z","project_id":"a/b","region":null}"#;
    let login = home.file("state/login.json", project);
    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let credentials = |text: &str| {
        let file = home.file(".huaweicloud/credentials", format!("[basic]\nak = FAKE\nsk = planted\n{text}\n"));
        only_mine(&file);
    };
    only_mine(&login);
    let blamed = |run: Run, file: &str| {
        assert!(run.stderr.contains(file) && run.stderr.contains("help: "), "{}", run.stderr);
        assert!(!run.stderr.contains("--project-id") && !run.stderr.contains("planted"), "{}", run.stderr);
    };
    blamed(home.run_with(&LIST, &place).failed(2), "state/login.json");
    credentials("project_id = ../x");
    blamed(home.run_with(&LIST, &place).failed(2), ".huaweicloud/credentials");
    // A project that is given elsewhere goes first, so nobody minds this one; the key itself is unknown.
    home.run_with(&[&LIST[..], &["--project-id", "emulator-project"]].concat(), &place).failed(3);
    credentials("iam_endpoint = http://iam.invalid");
    place.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    let run = home.run_with(&LIST, &place).failed(2);
    assert!(run.stderr.contains("iam_endpoint") && run.stderr.contains("hint: "), "{}", run.stderr);
}

/// Closes a file to others, so that nobody is warned about that.
fn only_mine(file: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = file;
}
