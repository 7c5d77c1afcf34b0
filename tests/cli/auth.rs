//! `auth status`, `auth login` and `auth logout`.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use iotda_ota_emulator::InstanceKind;

use crate::harness::{Home, Run, assert_picture, publish, sample};
use crate::instance::Instance;
use crate::stub::{Answer, Stub};

const STATUS: [&str; 2] = ["auth", "status"];
const STATUS_JSON: [&str; 4] = ["auth", "status", "--format", "json"];

/// Logs in with a password on standard input.
pub(crate) fn login(home: &Home, variables: &[(&str, &str)], password: &str, more: &[&str]) -> Run {
    let user = ["auth", "login", "--username", "emulator-user", "--domain", "emulator-domain"];
    let mut command = home.command(&[&user[..], more].concat());
    command.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may have refused before it read anything.
    let _ = child.stdin.take().unwrap().write_all(password.as_bytes());
    Run::new(&child.wait_with_output().unwrap(), &home.path("."))
}

#[test]
fn status_shows_who_won_and_why_the_others_did_not() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let key = instance.and(&instance.pair());
    assert_picture!("auth_status_key", home.run_with(&STATUS, &key).succeeded());
    assert_picture!("auth_status_key_json", home.run_with(&STATUS_JSON, &key).succeeded());
    let user = instance.and(&instance.user());
    assert_picture!("auth_status_user", home.run_with(&STATUS, &user).succeeded());
    let both = [&key[..], &[("IOTDA_OTA_TOKEN", instance.emulator.token())]].concat();
    assert_picture!("auth_status_token", home.run_with(&STATUS, &both).succeeded());
    let derived = home.run_with(&[&STATUS_JSON[..], &["--signing", "derived"]].concat(), &key).succeeded();
    assert_eq!(derived.json()["signing"], "V11-HMAC-SHA256");
    let mut looked_up = key;
    looked_up.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_PROJECT_ID");
    let status = home.run_with(&STATUS_JSON, &looked_up).succeeded().json();
    assert_eq!((&status["project_id"], &status["project_from"]), (&"emulator-project".into(), &"looked up".into()));
    assert_picture!("auth_status_emulator", home.emulated(&STATUS).succeeded());
}

#[test]
fn a_login_is_tried_again_when_iam_fails() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let fail = |times| {
        let fault = format!("create_token:status:status=503,times={times}");
        instance.emulator.faults().add(fault.parse().unwrap()).unwrap();
    };
    fail(1);
    login(&home, &instance.place(), "emulator-password\n", &["--password-stdin"]).succeeded();
    fail(2);
    login(&home, &instance.place(), "emulator-password\n", &["--password-stdin", "--max-attempts", "2"]).failed(7);
}

#[test]
fn status_asks_again_when_iam_fails_and_no_oftener_than_it_may() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let fail = |fault: &str| instance.emulator.faults().add(fault.parse().unwrap()).unwrap();
    let user = instance.and(&instance.user());
    let status = |more: &[&str]| home.run_with(&[&STATUS_JSON[..], more].concat(), &user);
    fail("create_token:status:status=503,times=1");
    let shown = status(&[]).succeeded().json();
    assert_eq!((&shown["authenticated"], &shown["source"]), (&true.into(), &"IOTDA_OTA_USERNAME".into()));
    assert_eq!(shown["sources"].as_array().unwrap().last().unwrap()["result"], "used");
    fail("create_token:status:status=503");
    let run = status(&["--max-attempts", "3"]);
    assert_eq!(run.code, Some(7), "{}", run.stderr);
    assert_eq!(instance.emulator.faults().list().last().unwrap().hits, 3, "{}", run.stderr);
    assert_eq!(run.json()["sources"].as_array().unwrap().last().unwrap()["result"], "unavailable");
}

#[test]
fn status_without_credentials_is_code_3() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let run = home.run_with(&STATUS, &instance.place());
    assert_eq!(run.code, Some(3));
    assert_picture!("auth_status_none", run);
    let run = home.run_with(&STATUS_JSON, &instance.and(&[("HUAWEICLOUD_SDK_AK", "FAKE")]));
    assert_eq!((run.code, &run.json()["authenticated"]), (Some(2), &false.into()));
    assert_eq!(run.json()["sources"].as_array().unwrap().last().unwrap()["result"], "broken");
    assert_eq!(run.error()["kind"], "configuration");
}

#[test]
fn status_says_what_any_other_command_says_about_a_cause() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let without_header = Stub::answering("201 Created", "application/json", "{}");
    let slow = Stub::serving(|_| {
        let refused = r#"{"error":{"code":401,"message":"no"}}"#;
        Answer::json("401 Unauthorized", refused).with_header("Date", "Mon, 01 Jan 2024 00:00:00 GMT")
    });
    let user = |password, iam| {
        let user =
            instance.user().map(|(name, value)| (name, if name == "IOTDA_OTA_PASSWORD" { password } else { value }));
        let mut variables = instance.and(&user);
        variables.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
        variables.push(("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam));
        variables
    };
    let iam = instance.emulator.iam_endpoint();
    for (variables, code, words) in [
        (user("wrong-fake-password", iam), 3, "IAM does not know this user"),
        (user("emulator-password", &without_header.endpoint), 6, "check the IAM address"),
        (user("emulator-password", &slow.endpoint), 3, "set it right"),
        (instance.and(&[("HUAWEICLOUD_SDK_AK", "FAKE")]), 2, "correct what is named"),
        (instance.and(&[("HUAWEICLOUD_SDK_SECURITY_TOKEN", "fake")]), 2, "correct what is named"),
        (instance.and(&[("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "/nonexistent/f")]), 2, "correct what is named"),
    ] {
        let list =
            home.run_with(&["package", "list", "--type", "firmware", "--format", "json"], &variables).failed(code);
        let status = home.run_with(&STATUS_JSON, &variables);
        assert_eq!(status.code, Some(code), "{}", status.stderr);
        let (listed, told) = (list.error()["hint"].clone(), status.error()["hint"].clone());
        assert!(listed.as_str().unwrap().contains(words), "{listed}");
        assert_eq!(listed, told);
    }
}

#[test]
fn status_says_where_each_setting_came_from() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let variables = [&instance.and(&instance.pair())[..], &[("IOTDA_OTA_SIGNING", "derived")]].concat();
    let flags = ["--region", instance.emulator.region()];
    let status = home.run_with(&[&STATUS_JSON[..], &flags].concat(), &variables).succeeded().json();
    let origins = &status["origins"];
    assert_eq!((&origins["region"], &origins["endpoint"]), (&"--region".into(), &"IOTDA_OTA_ENDPOINT".into()));
    assert_eq!(origins["signing"], "IOTDA_OTA_SIGNING");
    assert_eq!((&origins["project_id"], &origins["instance_id"]), (&status["project_from"], &serde_json::Value::Null));
    assert_eq!(status["project_from"], "HUAWEICLOUD_SDK_PROJECT_ID");
}

#[test]
fn status_tells_refused_credentials_from_a_service_that_is_away() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let run = home.run_with(&STATUS_JSON, &instance.and(&[("IOTDA_OTA_TOKEN", "fake-token")]));
    assert_eq!((run.code, &run.json()["authenticated"]), (Some(3), &false.into()));
    let away = [&STATUS_JSON[..], &["--endpoint", "http://127.0.0.1:9"]].concat();
    let run = home.run_with(&away, &instance.and(&instance.pair()));
    assert_eq!((run.code, &run.json()["authenticated"]), (Some(7), &serde_json::Value::Null));
    let mut away = instance.and(&instance.user());
    away.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    away.push(("HUAWEICLOUD_SDK_IAM_ENDPOINT", "http://127.0.0.1:9"));
    let run = home.run_with(&STATUS_JSON, &away);
    assert_eq!((run.code, &run.json()["authenticated"]), (Some(7), &serde_json::Value::Null));
    assert_eq!(run.json()["sources"][1]["result"], "unavailable");
    assert_picture!("auth_status_half_a_pair", home.run_with(&STATUS, &instance.and(&instance.pair()[..1])));
    assert_picture!("auth_status_iam_away", home.run_with(&STATUS, &away));
}

#[test]
fn a_login_is_kept_and_forgotten() {
    let (home, instance, sample) = (Home::new(), Instance::start(InstanceKind::Any), sample());
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    let run = login(&home, &place, "emulator-password\r\nnot read", &["--password-stdin"]).succeeded();
    assert_picture!("auth_login", run);
    let kept = fs::read_to_string(home.path("state/login.json")).unwrap();
    assert!(!kept.contains("emulator-password"), "{kept}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(home.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("state"), mode("state/login.json")), (0o700, 0o600));
    }
    let status = home.run_with(&STATUS_JSON, &place).succeeded().json();
    assert_eq!(status["source"], "cached login");
    home.run_with(&publish(&sample, &[]), &place).succeeded();

    let logout = ["auth", "logout"];
    assert_picture!("auth_logout", home.run_with(&logout, &place).succeeded());
    assert!(!home.path("state/login.json").exists());
    assert_picture!("auth_logout_again", home.run_with(&logout, &place).succeeded());
    assert_eq!(home.run_with(&STATUS, &place).code, Some(3));
}

#[test]
fn a_login_that_fails_keeps_the_one_before() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    let json = ["--password-stdin", "--format", "json"];
    login(&home, &place, "emulator-password\n", &json).succeeded();
    let before = fs::read(home.path("state/login.json")).unwrap();
    let run = login(&home, &place, "planted-password\n", &json).failed(3);
    assert_eq!(run.error()["kind"], "unauthenticated");
    assert!(!run.stderr.contains("planted"), "{}", run.stderr);
    let text = login(&home, &place, "planted-password\n", &["--password-stdin"]).failed(3);
    assert_picture!("auth_login_refused", text);
    assert_picture!("auth_login_empty", login(&home, &place, "\n", &["--password-stdin"]).failed(2));
    assert_picture!("auth_login_no_terminal", login(&home, &place, "emulator-password\n", &[]).failed(2));
    let without_header = Stub::answering("201 Created", "application/json", "{}");
    let iam = [&place[..], &[("HUAWEICLOUD_SDK_IAM_ENDPOINT", without_header.endpoint.as_str())]].concat();
    let run = login(&home, &iam, "planted-password\n", &["--password-stdin"]).failed(6);
    assert!(run.stderr.contains("X-Subject-Token") && !run.stderr.contains("planted"), "{}", run.stderr);
    assert_eq!(fs::read(home.path("state/login.json")).unwrap(), before);
}

#[test]
fn a_damaged_login_is_named() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    fs::create_dir(home.path("state")).unwrap();
    home.file("state/login.json", "{\"token\": \"planted");
    let run = home.run_with(&["package", "list", "--type", "firmware"], &place).failed(2);
    assert_picture!("auth_damaged_login", run);
    home.run_with(&["auth", "logout"], &place).succeeded();
    fs::create_dir(home.path("state/login.json")).unwrap();
    home.run_with(&["auth", "logout"], &place).failed(1);
}

#[test]
fn nobody_logs_in_at_the_emulator_inside() {
    let home = Home::new();
    let login = ["auth", "login", "--username", "u", "--domain", "d", "--password-stdin"];
    assert_picture!("auth_login_emulator", home.emulated(&login).failed(2));
    home.run(&["auth", "logout", "--region", "cn-north-4"]).failed(2);
    let nameless = ["auth", "login", "--username", "", "--domain", "d", "--password-stdin", "--region", "cn-north-4"];
    let run = home.run(&nameless).failed(2);
    assert!(run.stderr.contains("--username"), "{}", run.stderr);
    // Where to log in has to be known before anybody types a password.
    assert_picture!("auth_login_nowhere", home.run(&login).failed(2));
}

#[test]
fn a_password_from_a_pipe_is_taken_whole_or_not_at_all() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    let stdin = ["--password-stdin"];
    // The beginning alone would be the right one.
    let long = format!("emulator-password{}\n", "x".repeat(5000));
    assert_picture!("auth_login_too_long", login(&home, &place, &long, &stdin).failed(2));
    let almost = format!("emulator-password{}", "x".repeat(4096 - "emulator-password".len()));
    login(&home, &place, &almost, &stdin).failed(3);
    login(&home, &place, "", &stdin).failed(2);
    login(&home, &place, "emulator-password", &stdin).succeeded();
}

#[test]
fn a_login_counts_only_at_the_iam_address_where_it_was_made() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    login(&home, &place, "emulator-password\n", &["--password-stdin"]).succeeded();
    home.run_with(&STATUS, &place).succeeded();
    let other = [&STATUS_JSON[..], &["--iam-endpoint", "http://127.0.0.1:9"]].concat();
    let run = home.run_with(&other, &place);
    assert_eq!((run.code, &run.json()["authenticated"]), (Some(2), &false.into()));
    assert!(!run.error()["hint"].as_str().unwrap().contains("HUAWEICLOUD_SDK_AK"), "{}", run.stderr);
    let sources = run.json()["sources"].clone();
    let last = sources.as_array().unwrap().last().unwrap();
    assert_eq!((&last["source"], &last["result"]), (&"cached login".into(), &"broken".into()));
    let message = last["message"].as_str().unwrap();
    assert!(message.contains("http://127.0.0.1:9") && message.contains(instance.emulator.iam_endpoint()), "{message}");
}

#[test]
#[cfg(unix)]
fn a_login_that_others_can_read_gives_a_warning() {
    use std::os::unix::fs::PermissionsExt;

    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let place = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    login(&home, &place, "emulator-password\n", &["--password-stdin"]).succeeded();
    let file = home.path("state/login.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for command in [&STATUS[..], &["package", "list", "--type", "firmware"]] {
        let run = home.run_with(command, &place).succeeded();
        assert!(run.stderr.contains("warning: ") && run.stderr.contains("chmod 600"), "{}", run.stderr);
    }
    // Logging in anew closes it.
    login(&home, &place, "emulator-password\n", &["--password-stdin"]).succeeded();
    assert_eq!(home.run_with(&STATUS, &place).succeeded().stderr, "");
}

#[test]
fn a_file_that_names_another_iam_address_is_shown_unless_a_flag_goes_before_it() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let [(_, id), (_, secret)] = instance.pair();
    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let text = format!("[basic]\nak = {id}\nsk = {secret}\niam_endpoint = https://iam.invalid\n");
    home.file(".huaweicloud/credentials", text);
    let mut place = instance.place();
    place.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    let endpoint = |flags: &[&str]| {
        let run = home.run_with(&[&STATUS_JSON[..], flags].concat(), &place).succeeded();
        run.json()["iam_endpoint"].as_str().unwrap().trim_end_matches('/').to_owned()
    };
    assert_eq!(endpoint(&[]), "https://iam.invalid");
    assert_eq!(endpoint(&["--iam-endpoint", "http://127.0.0.1:9"]), "http://127.0.0.1:9");
}
