//! Secrets are never shown, whatever goes wrong.

use std::fs;

use crate::harness::{Home, assert_picture, publish, sample, service};
use crate::stub::Stub;

/// One set of secrets for each kind of credentials; the environment of the place has none of its own.
const SETS: [&[(&str, &str)]; 4] = [
    &[
        ("IOTDA_OTA_TOKEN", "planted-token"),
        ("HUAWEICLOUD_SDK_AK", "FAKE"),
        ("HUAWEICLOUD_SDK_SK", "planted-secret"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "planted-security-token"),
    ],
    &[
        ("IOTDA_OTA_USERNAME", "fake-user"),
        ("IOTDA_OTA_PASSWORD", "planted-password"),
        ("IOTDA_OTA_DOMAIN", "fake-domain"),
    ],
    &[
        ("HUAWEICLOUD_SDK_AK", "FAKE"),
        ("HUAWEICLOUD_SDK_SK", "planted-secret"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "planted-security-token"),
    ],
    // The file and the cached login.
    &[("IOTDA_OTA_STATE_DIR", "state")],
];

/// The variables that lead to a service, without credentials.
fn place(endpoint: &str) -> Vec<(&'static str, &str)> {
    let mut variables = vec![("HUAWEICLOUD_SDK_IAM_ENDPOINT", endpoint)];
    let credentials = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "IOTDA_OTA_TOKEN"];
    variables.extend(service(endpoint).into_iter().filter(|(name, _)| !credentials.contains(name)));
    variables
}

fn check(home: &Home, endpoint: &str, arguments: &[&str]) {
    for set in SETS {
        for format in ["text", "json"] {
            let arguments = [arguments, &["--verbose", "--format", format]].concat();
            let run = home.run_with(&arguments, &[&place(endpoint)[..], set].concat());
            assert!(!format!("{}{}", run.stdout, run.stderr).contains("planted"), "{arguments:?}: {}", run.stderr);
        }
    }
}

#[test]
fn secrets_are_never_shown() {
    let home = Home::new();
    let sample = sample();
    let refusing = Stub::answering("403 Forbidden", "application/json", r#"{"error_msg":"no"}"#);
    let empty = Stub::answering("200 OK", "application/json", r#"{"packages":[],"projects":[]}"#);
    let list = vec!["package", "list", "--type", "firmware"];
    fs::create_dir(home.path("state")).unwrap();
    home.file("state/login.json", r#"{"token":"planted-login","expires_at":"2099-01-01T00:00:00Z","project_id":null}"#);
    for (endpoint, arguments) in [
        ("http://127.0.0.1:9", list.clone()),
        (refusing.endpoint.as_str(), list.clone()),
        (empty.endpoint.as_str(), list),
        (empty.endpoint.as_str(), publish(&sample, &[])),
        ("http://127.0.0.1:9", publish(&sample, &["--dry-run"])),
        (empty.endpoint.as_str(), vec!["auth", "status"]),
        (refusing.endpoint.as_str(), vec!["auth", "status"]),
        ("http://127.0.0.1:9", vec!["--help"]),
        ("http://127.0.0.1:9", vec!["package", "wrong"]),
    ] {
        check(&home, endpoint, &arguments);
    }
    // The stub did get what was hidden.
    let sent: Vec<_> = empty.requests.try_iter().collect();
    for secret in ["planted-token", "planted-password", "planted-security-token", "planted-login"] {
        assert!(sent.iter().any(|request| request.contains(secret)), "{secret}");
    }
}

#[test]
fn half_an_access_key_of_iam_is_never_shown() {
    let (home, sample) = (Home::new(), sample());
    let empty = Stub::answering("200 OK", "application/json", r#"{"packages":[]}"#);
    let half = r#"{"credential":{"access":"FAKE","secret":"planted-answer"}}"#;
    let iam = Stub::answering("201 Created", "application/json", half);
    let mut variables = place(&empty.endpoint);
    variables.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    variables.extend([("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam.endpoint.as_str()), ("IOTDA_OTA_TOKEN", "planted-token")]);
    let run = home.run_with(&publish(&sample, &["--verbose"]), &variables).failed(7);
    assert!(!run.stderr.contains("planted"), "{}", run.stderr);
    assert!(iam.requests.try_iter().any(|request| request.contains("planted-token")));
}

#[test]
fn secrets_of_the_credentials_file_are_never_shown() {
    let home = Home::new();
    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let empty = Stub::answering("200 OK", "application/json", r#"{"packages":[],"projects":[]}"#);
    for text in [
        "[basic]\nak = FAKE\nsk = planted-secret\nsecurity_token = planted-token\n",
        "[basic]\nak = FAKE\n",
        "[basic]\nak = FAKE\nsk = planted secret\n",
        "[basic]\nak = FAKE\nsk = planted\u{7}secret\n",
        "[planted]\nak = FAKE\nplanted\n",
        "[planted",
        "planted = planted",
    ] {
        home.file(".huaweicloud/credentials", text);
        for arguments in [["auth", "status"].as_slice(), &["package", "list", "--type", "firmware"]] {
            for format in ["text", "json"] {
                let arguments = [arguments, &["--verbose", "--format", format]].concat();
                let run = home.run_with(&arguments, &place(&empty.endpoint));
                assert!(!format!("{}{}", run.stdout, run.stderr).contains("planted"), "{text:?}: {}", run.stderr);
            }
        }
    }
    assert!(empty.requests.try_iter().any(|request| request.contains("planted-token")));
}

#[test]
fn a_token_that_no_header_can_carry_is_named_without_its_value() {
    let broken = [&place("http://127.0.0.1:9")[..], &[("IOTDA_OTA_TOKEN", "planted\ntoken")]].concat();
    let show = ["package", "show", "28f61af50fc9452aa0ed5ea25c3cc3d3"];
    assert_picture!("secrets_broken_token", Home::new().run_with(&show, &broken).failed(2));
}
