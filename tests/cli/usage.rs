//! Flags and variables that do not go together or make no sense.

use crate::harness::{Home, assert_picture, publish};

#[test]
fn the_emulator_inside_and_an_address_exclude_each_other() {
    let home = Home::new();
    let show = ["package", "show", "id"];
    let run = home.emulated(&[&show[..], &["--endpoint", "http://127.0.0.1:9"]].concat()).failed(2);
    assert_picture!("usage_emulator_with_endpoint", run);
    let arguments = [&show[..], &["--obs-endpoint", "http://127.0.0.1:9"]].concat();
    let run = home.run_with(&arguments, &[("IOTDA_OTA_EMULATOR", "true")]).failed(2);
    assert_picture!("usage_emulator_variable_with_obs_endpoint", run);
    // Switched off, it is not in the way.
    home.run_with(&arguments, &[("IOTDA_OTA_EMULATOR", "0"), ("IOTDA_OTA_EMULATOR_DIR", "x")]).failed(2);
}

#[test]
fn flags_without_effect_are_refused() {
    let home = Home::new();
    let run = home.run(&["emulator", "--in-memory", "--emulator-dir", "data"]).failed(2);
    assert_picture!("usage_emulator_dir_of_the_command_emulator", run);
    home.run(&["package", "show", "id", "--emulator-dir", "data"]).failed(2);
    home.run(&["--region", "cn-north-4", "completions", "bash"]).failed(2);
}

#[test]
fn a_wrong_command_line_is_explained_as_text_and_as_json() {
    let home = Home::new();
    assert_picture!("usage_missing_flags", home.run(&["package", "publish", "firmware.bin"]).failed(2));
    assert_picture!("usage_unknown_flag", home.run(&["package", "show", "id", "--verbos"]).failed(2));
    assert_picture!("usage_json", home.run(&["--format", "json", "package", "publish"]).failed(2));
    let run = home.run_with(&["package", "list"], &[("IOTDA_OTA_FORMAT", "json")]).failed(2);
    assert_eq!(run.error()["kind"], "usage");
    assert_eq!(home.run(&[]).failed(2).code, Some(2));
}

#[test]
fn a_variable_with_an_unknown_value_is_named() {
    let variables = [("IOTDA_OTA_FORMAT", "xml"), ("IOTDA_OTA_PROGRESS", "loud")];
    let run = Home::new().run_with(&["package", "show", "id"], &variables).failed(2);
    assert_picture!("usage_unknown_values_in_variables", run);
}

#[test]
fn a_region_without_a_known_address_and_a_bad_address_are_explained() {
    let home = Home::new();
    let run = home.run(&publish("missing.bin", &["--region", "moon-1", "--project-id", "p", "--bucket", "my-bucket"]));
    assert_picture!("usage_unknown_region", run.failed(2));
    let run = home.run(&["package", "show", "id", "--endpoint", "127.0.0.1:8790", "--project-id", "p"]);
    assert_picture!("usage_bad_endpoint", run.failed(2));
}

#[test]
fn a_ca_file_without_certificates_is_refused() {
    let home = Home::new();
    home.file("ca.pem", "no certificate");
    let arguments = ["package", "show", "id", "--region", "cn-north-4", "--project-id", "p", "--ca-file", "ca.pem"];
    assert_picture!("usage_ca_file", home.run(&arguments).failed(2));
}
