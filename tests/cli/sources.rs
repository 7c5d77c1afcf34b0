//! Each source of credentials, through the command and against an emulator that checks tokens and signatures.

use std::fs;

use iotda_ota_emulator::InstanceKind;

use crate::harness::{Home, assert_picture, publish, sample};
use crate::instance::Instance;

const LIST: [&str; 6] = ["package", "list", "--type", "firmware", "--format", "json"];

#[test]
fn a_token_alone_is_enough_to_publish() {
    let (home, sample, instance) = (Home::new(), sample(), Instance::start(InstanceKind::Any));
    // For OBS the token is exchanged for a temporary access key.
    let variables = instance.and(&[("IOTDA_OTA_TOKEN", instance.emulator.token())]);
    let run = home.run_with(&publish(&sample, &["--format", "json"]), &variables).succeeded();
    assert_eq!(run.json()["outcome"], "created");
    // An access key beside it is used for OBS, and a wrong one is refused there.
    let pair = [("HUAWEICLOUD_SDK_AK", "FAKE-ACCESS-KEY"), ("HUAWEICLOUD_SDK_SK", "fake-secret")];
    let run = home.run_with(&publish(&sample, &["--format", "json"]), &[&variables[..], &pair].concat()).failed(3);
    assert!(run.error()["operation"].as_str().unwrap().starts_with("obs_"), "{}", run.stderr);
}

#[test]
fn an_access_key_alone_is_enough_to_publish_with_either_scheme() {
    for (kind, signing) in [
        (InstanceKind::Shared, vec![]),
        (InstanceKind::Shared, vec!["--signing", "plain"]),
        (InstanceKind::Dedicated, vec!["--signing", "derived"]),
    ] {
        let (home, sample, instance) = (Home::new(), sample(), Instance::start(kind));
        let arguments = publish(&sample, &signing);
        home.run_with(&arguments, &instance.and(&instance.pair())).succeeded();
    }
}

#[test]
fn the_wrong_scheme_is_explained() {
    let home = Home::new();
    let list = ["package", "list", "--type", "firmware", "--quiet"];
    let dedicated = Instance::start(InstanceKind::Dedicated);
    let run = home.run_with(&list, &dedicated.and(&dedicated.pair())).failed(3);
    assert!(run.stderr.contains("\nhint: ") && run.stderr.contains("derived"), "{}", run.stderr);
    let shared = Instance::start(InstanceKind::Shared);
    let variables = [&shared.and(&shared.pair())[..], &[("IOTDA_OTA_SIGNING", "derived")]].concat();
    let run = home.run_with(&list, &variables).failed(6);
    assert!(run.stderr.contains("\nhint: ") && run.stderr.contains("plain"), "{}", run.stderr);
}

#[test]
fn a_temporary_access_key_is_enough_to_publish() {
    let (home, sample, instance) = (Home::new(), sample(), Instance::start(InstanceKind::Any));
    let key = instance.temporary_key();
    let variables = instance.and(&[
        ("HUAWEICLOUD_SDK_AK", &key.id),
        ("HUAWEICLOUD_SDK_SK", &key.secret),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", &key.security_token),
    ]);
    home.run_with(&publish(&sample, &[]), &variables).succeeded();
    // Without its security token nobody knows the key.
    home.run_with(&LIST, &variables[..variables.len() - 1]).failed(3);
}

#[test]
fn a_user_name_and_password_are_enough_to_publish() {
    let (home, sample, instance) = (Home::new(), sample(), Instance::start(InstanceKind::Any));
    home.run_with(&publish(&sample, &[]), &instance.and(&instance.user())).succeeded();
    let mut wrong = instance.and(&instance.user());
    wrong.retain(|(name, _)| *name != "IOTDA_OTA_PASSWORD");
    let part = home.run_with(&LIST, &wrong).failed(2);
    assert!(part.error()["causes"][0].as_str().unwrap().contains("IOTDA_OTA_PASSWORD is not set"), "{}", part.stderr);
    wrong.push(("IOTDA_OTA_PASSWORD", "planted"));
    let run = home.run_with(&LIST, &wrong).failed(3);
    assert!(!run.stderr.contains("planted"), "{}", run.stderr);
}

#[test]
fn the_file_of_the_official_sdks_is_read_and_its_exposure_warned_about() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let [(_, id), (_, secret)] = instance.pair();
    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let file = home.file(".huaweicloud/credentials", format!("[basic]\nak = {id}\nsk = {secret}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let list = ["package", "list", "--type", "firmware"];
        assert_picture!("sources_exposed_file", home.run_with(&list, &instance.place()).succeeded());
        let quiet = home.run_with(&[&list[..], &["--quiet"]].concat(), &instance.place()).succeeded();
        assert_eq!(quiet.stderr, "");
        let lines = home.run_with(&LIST, &instance.place()).succeeded().lines();
        assert_eq!((lines.len(), &lines[0]["type"], &lines[0]["field"]), (1, &"warning".into(), &"credentials".into()));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(home.run_with(&LIST, &instance.place()).succeeded().stderr, "");
    fs::write(&file, "[basic]\nak = FAKE\nplanted-secret").unwrap();
    let run = home.run_with(&LIST, &instance.place()).failed(2);
    assert!(run.stderr.contains("line 3") && !run.stderr.contains("planted"), "{}", run.stderr);
}

#[test]
fn the_project_is_looked_up_by_the_name_of_the_region() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let mut variables = instance.and(&instance.pair());
    variables.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    let list = ["package", "list", "--type", "firmware"];
    assert_picture!("sources_project_looked_up", home.run_with(&list, &variables).succeeded());
    let run = home.run_with(&[&list[..], &["--region", "other-region-1"]].concat(), &variables).failed(2);
    assert_picture!("sources_project_not_found", run);
}

#[test]
fn without_credentials_every_source_says_what_it_looked_for() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let run = home.run_with(&["package", "list", "--type", "firmware"], &instance.place()).failed(3);
    assert_picture!("sources_none", run);
    let publish = publish("missing.bin", &["--dry-run"]);
    home.run_with(&publish, &instance.place()).failed(2);
}

#[test]
fn half_an_access_key_names_the_missing_half() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let list = ["package", "list", "--type", "firmware"];
    let half = |given: &[(&'static str, &'static str)], name: &str| {
        assert_picture!(name, home.run_with(&list, &instance.and(given)).failed(2));
    };
    half(&[("HUAWEICLOUD_SDK_AK", "FAKE")], "sources_half_a_pair");
    // An empty variable counts as unset.
    half(&[("HUAWEICLOUD_SDK_AK", ""), ("HUAWEICLOUD_SDK_SK", "fake")], "sources_other_half_of_a_pair");
    half(&[("HUAWEICLOUD_SDK_AK", "FAKE"), ("IOTDA_OTA_TOKEN", "fake")], "sources_half_a_pair_beside_a_token");
}

#[test]
fn plain_http_to_another_machine_needs_a_flag() {
    let home = Home::new();
    let arguments = ["package", "show", "28f61af50fc9452aa0ed5ea25c3cc3d3", "--project-id", "p"];
    let places = ["--endpoint", "http://service.invalid", "--iam-endpoint", "http://iam.invalid"];
    let token = [("IOTDA_OTA_TOKEN", "fake-token")];
    assert_picture!("sources_plain_http", home.run_with(&[&arguments[..], &places].concat(), &token).failed(2));
    // With it only the address is wrong. A proxy that nobody runs keeps the request on this machine.
    let proxy = [&token[..], &[("http_proxy", "http://127.0.0.1:9")]].concat();
    home.run_with(&[&arguments[..], &places, &["--plain-http"]].concat(), &proxy).failed(7);
}

#[test]
#[cfg(unix)]
fn a_pipe_in_the_place_of_a_file_of_credentials_is_refused_at_once() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    assert!(std::process::Command::new("mkfifo").arg(home.path("pipe")).status().unwrap().success());
    let variables = instance.and(&[("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "pipe")]);
    for command in [&LIST[..], &["auth", "status", "--format", "json"]] {
        let run = home.run_with(command, &variables);
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.contains("pipe is no regular file"), "{}", run.stderr);
    }
}
