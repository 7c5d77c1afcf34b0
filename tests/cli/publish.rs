//! `package publish`, on the emulator inside the process.

use std::fs;

use crate::harness::{Home, PACKAGE, assert_picture, publish, sample};

#[test]
fn the_command_of_the_readme_succeeds_twice() {
    let home = Home::new();
    let sample = sample();
    let run = home.emulated(&publish(&sample, &[])).succeeded();
    assert_picture!("publish_created", run);
    let run = home.emulated(&publish(&sample, &[])).succeeded();
    assert_picture!("publish_verified", run);
}

#[test]
fn prints_package_object_and_outcome_as_json() {
    let home = Home::new();
    let file = home.file("firmware.bin", "firmware");
    let file = file.to_str().unwrap();
    let run = home.emulated(&publish(file, &["--format", "json", "--description", "repairs\nthe clock"])).succeeded();
    assert_eq!(run.stderr, "");
    assert_picture!("publish_json", run);

    let again = home.emulated(&publish(file, &["--format", "json"])).succeeded().json();
    assert_eq!(again["outcome"], "verified");
    assert_eq!(again["package"], run.json()["package"]);
    let skipped = home.emulated(&publish(file, &["--format", "json", "--if-exists", "skip"])).succeeded().json();
    assert_eq!(skipped["outcome"], "skipped");
    let run = home.emulated(&publish(file, &["--format", "json", "--if-exists", "fail"])).failed(5);
    assert_eq!(run.error()["kind"], "already_exists");
}

#[test]
fn refuses_another_file_for_the_same_version() {
    let home = Home::new();
    let file = home.file("firmware.bin", "one");
    home.emulated(&publish(file.to_str().unwrap(), &[])).succeeded();
    home.file("firmware.bin", "two");
    let run = home.emulated(&publish(file.to_str().unwrap(), &[])).failed(9);
    assert_picture!("publish_mismatch", run);
}

#[test]
fn stores_the_very_bytes_of_the_file() {
    let home = Home::new();
    let sample = sample();
    home.emulated(&publish(&sample, &[])).succeeded();
    let bytes = fs::read(&sample).unwrap();
    let mut folders = vec![home.path(".")];
    let mut found = false;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found |= fs::read(path).unwrap() == bytes;
            }
        }
    }
    assert!(found);
}

#[test]
fn shows_progress_as_lines_of_json() {
    let home = Home::new();
    let run = home.emulated(&publish(&sample(), &["--progress", "json"])).succeeded();
    let steps: Vec<_> = run.lines().iter().map(|line| format!("{} {}", line["phase"], line["bytes"])).collect();
    assert_eq!(steps, ["\"hash\" 0", "\"hash\" 4096", "\"upload\" 0", "\"upload\" 4096"]);
    assert!(run.lines().iter().all(|line| line["type"] == "progress" && line["total"] == 4096));
}

#[test]
fn a_dry_run_leaves_no_trace_and_needs_no_credentials() {
    let home = Home::new();
    let sample = sample();
    let before = fs::read_dir(home.path(".")).unwrap().count();
    let run = home.emulated(&publish(&sample, &["--dry-run"])).succeeded();
    assert_picture!("publish_dry_run", run);
    assert_eq!(fs::read_dir(home.path(".")).unwrap().count(), before);

    let flags = ["--region", "cn-north-4", "--project-id", "my-project", "--bucket", "my-bucket"];
    let arguments = publish(&sample, &["--dry-run", "--format", "json"]);
    let run = home.run(&[&arguments[..], &flags].concat()).succeeded();
    assert_picture!("publish_dry_run_json", run);
}

#[test]
fn a_suffix_can_be_allowed_and_one_in_capitals_is_warned_about() {
    let home = Home::new();
    let other = home.file("firmware.txt", "firmware");
    home.emulated(&publish(other.to_str().unwrap(), &["--allow", "suffix"])).succeeded();

    let capitals = home.file("FIRMWARE.BIN", "firmware");
    let capitals = capitals.to_str().unwrap();
    let more = ["--version", "2.1"];
    let arguments: Vec<_> =
        publish(capitals, &[]).into_iter().filter(|word| !["--version", "2.0"].contains(word)).collect();
    let arguments = [&arguments[..], &more].concat();
    let run = home.emulated(&[&arguments[..], &["--dry-run"]].concat()).succeeded();
    assert!(run.stderr.starts_with("warning: file_location.obs_location.object_key: "), "{}", run.stderr);
    let run = home.emulated(&[&arguments[..], &["--format", "json"]].concat()).succeeded();
    assert_eq!(run.lines().len(), 1);
    assert_eq!(run.lines()[0]["type"], "warning");
    let run = home.emulated(&[&arguments[..], &["--quiet"]].concat()).succeeded();
    assert_eq!(run.stderr, "");
}

#[test]
fn the_emulator_inside_ignores_the_environment_of_the_real_service() {
    let home = Home::new();
    let sample = sample();
    let variables = [
        ("IOTDA_OTA_EMULATOR", "1"),
        ("IOTDA_OTA_ENDPOINT", "http://127.0.0.1:9"),
        ("IOTDA_OTA_OBS_ENDPOINT", "http://127.0.0.1:9"),
        ("IOTDA_OTA_REGION", "other-region"),
        ("IOTDA_OTA_OBS_REGION", "other-region"),
        ("IOTDA_OTA_BUCKET", "other-bucket"),
        ("IOTDA_OTA_INSTANCE_ID", "other instance"),
        ("IOTDA_OTA_CA_FILE", "missing.pem"),
        ("IOTDA_OTA_TOKEN", "other-token"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "other-project"),
        ("HUAWEICLOUD_SDK_AK", "half-a-pair"),
        ("HTTPS_PROXY", "no address"),
        ("http_proxy", "http://127.0.0.1:9"),
    ];
    let run = home.run_with(&publish(&sample, &["--format", "json"]), &variables).succeeded();
    assert_eq!(run.json()["object"]["bucket_name"], "emulator-bucket");
    assert_eq!(run.json()["object"]["region_name"], "emulator-1");
}

#[test]
fn publishes_a_module_package_with_source_versions() {
    let home = Home::new();
    let sample = sample();
    let mut arguments = vec!["package", "publish", &sample, "--module-name", "radio"];
    arguments.extend(PACKAGE.map(|word| if word == "firmware" { "module" } else { word }));
    arguments.extend(["--support-source-version", "1.0", "--support-source-version", "1.1", "--custom-info", "slowly"]);
    let run = home.emulated(&arguments).succeeded();
    assert_picture!("publish_module", run);
    let run = home.emulated(&["package", "list", "--type", "modulePackage"]).succeeded();
    assert_picture!("list_modules", run);
}
