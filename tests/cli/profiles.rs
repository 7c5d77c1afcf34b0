//! Profiles: precedence, and files that cannot be used.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Home, Run, assert_picture};
use crate::stub::Stub;

/// Writes `config.toml` where this system has it.
pub(crate) fn configure(home: &Home, text: &str) -> PathBuf {
    let folder = match () {
        () if cfg!(target_os = "macos") => "Library/Preferences",
        () if cfg!(windows) => "AppData/Roaming",
        () => ".config",
    };
    let folder = home.path(folder).join("iotda-ota");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("config.toml");
    fs::write(&file, text).unwrap();
    file
}

/// Shows a package at a stub, and gives the request that arrived there.
fn request(home: &Home, stub: &Stub, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let show = ["package", "show", "28f61af50fc9452aa0ed5ea25c3cc3d3"];
    let credentials = [("HUAWEICLOUD_SDK_AK", "FAKE"), ("HUAWEICLOUD_SDK_SK", "fake")];
    home.run_with(&[&show[..], flags].concat(), &[&credentials[..], variables].concat()).failed(4);
    stub.requests.recv().unwrap()
}

fn missing() -> Stub {
    Stub::answering("404 Not Found", "application/json", r#"{"error_msg":"no"}"#)
}

#[test]
fn a_flag_goes_before_a_variable_before_a_profile() {
    let (home, stub) = (Home::new(), missing());
    configure(
        &home,
        &format!(
            "[profile.factory]\nendpoint = '{}'\nregion = 'test-region-1'\nproject_id = 'of-profile'\n\
             instance_id = 'instance-of-profile'\nsigning = 'derived'\n",
            stub.endpoint
        ),
    );
    let profile = ["--profile", "factory"];
    let sent = request(&home, &stub, &profile, &[]);
    assert!(sent.contains("/of-profile/") && sent.contains("V11-HMAC-SHA256"), "{sent}");
    assert!(sent.to_lowercase().contains("instance-id: instance-of-profile"), "{sent}");

    let variables = [("HUAWEICLOUD_SDK_PROJECT_ID", "of-variable"), ("IOTDA_OTA_SIGNING", "plain")];
    let sent = request(&home, &stub, &profile, &variables);
    assert!(sent.contains("/of-variable/") && sent.contains("SDK-HMAC-SHA256"), "{sent}");
    assert!(sent.to_lowercase().contains("instance-id: instance-of-profile"), "{sent}");

    let flags = [&profile[..], &["--project-id", "of-flag", "--signing", "derived"]].concat();
    let sent = request(&home, &stub, &flags, &variables);
    assert!(sent.contains("/of-flag/") && sent.contains("V11-HMAC-SHA256"), "{sent}");

    let sent = request(&home, &stub, &[], &[("IOTDA_OTA_PROFILE", "factory")]);
    assert!(sent.contains("/of-profile/"), "{sent}");
    // The flag also goes before the variable that names a profile.
    request(&home, &stub, &profile, &[("IOTDA_OTA_PROFILE", "missing")]);
}

#[test]
fn the_emulator_inside_ignores_profiles() {
    let home = Home::new();
    configure(&home, "[profile.factory]\nregion = 'cn-north-4'\n");
    let list = ["--emulator", "package", "list", "--type", "firmware"];
    home.run_with(&list, &[("IOTDA_OTA_PROFILE", "factory")]).succeeded();
    home.run(&[&list[..], &["--profile", "factory"]].concat()).failed(2);
}

fn show(home: &Home, profile: &str) -> Run {
    home.run(&["package", "show", "28f61af50fc9452aa0ed5ea25c3cc3d3", "--profile", profile]).failed(2)
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_used_is_named_with_its_line() {
    let home = Home::new();
    let line = "endpoint = 'http://127.0.0.1:9'\nproject_id = 'p'\n";
    assert_picture!("profile_no_file", show(&home, "factory"));
    configure(&home, &format!("[profile.factory]\n{line}[profile.office]\n{line}"));
    assert_picture!("profile_unknown", show(&home, "factry"));
    configure(&home, &format!("[profile.factory]\n{line}regoin = 'a'\nbucket = 5\nsk = 'planted'\n[extra]\n"));
    assert_picture!("profile_wrong_keys", show(&home, "factory"));
    configure(&home, &format!("[profile.factory]\n{line}signing = 'v4'\nca_file = 'certificates.pem'\n"));
    assert_picture!("profile_wrong_values", show(&home, "factory"));
    let file = configure(&home, "[profile.factory\ntoken = 'planted'\n");
    assert_picture!("profile_no_toml", show(&home, "factory"));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_picture!("profile_is_a_folder", show(&home, "factory"));
}
