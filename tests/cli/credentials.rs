//! Credentials: which are missing, and that they are never shown.

use crate::harness::{Home, assert_picture, publish, sample, service};
use crate::stub::Stub;

const PLACE: [(&str, &str); 3] = [
    ("IOTDA_OTA_REGION", "cn-north-4"),
    ("HUAWEICLOUD_SDK_PROJECT_ID", "test-project"),
    ("IOTDA_OTA_BUCKET", "test-bucket"),
];

#[test]
fn missing_credentials_are_named() {
    let home = Home::new();
    let sample = sample();
    let publish = publish(&sample, &[]);
    assert_picture!("credentials_none", home.run_with(&publish, &PLACE).failed(3));
    let token = [&PLACE[..], &[("IOTDA_OTA_TOKEN", "fake-token")]].concat();
    assert_picture!("credentials_token_only", home.run_with(&publish, &token).failed(3));
    let key = [&PLACE[..], &[("HUAWEICLOUD_SDK_AK", "FAKE"), ("HUAWEICLOUD_SDK_SK", "fake")]].concat();
    assert_picture!("credentials_key_only", home.run_with(&publish, &key).failed(3));
    // An empty variable counts as unset.
    let empty =
        [&PLACE[..], &[("IOTDA_OTA_TOKEN", ""), ("HUAWEICLOUD_SDK_AK", ""), ("HUAWEICLOUD_SDK_SK", "")]].concat();
    let run = home.run_with(&["package", "list", "--type", "firmware"], &empty).failed(3);
    assert_picture!("credentials_none_for_list", run);
}

#[test]
fn half_an_access_key_names_the_missing_half() {
    let home = Home::new();
    let sample = sample();
    let half = [&PLACE[..], &[("HUAWEICLOUD_SDK_AK", "FAKE"), ("IOTDA_OTA_TOKEN", "fake-token")]].concat();
    assert_picture!("credentials_half_a_pair", home.run_with(&publish(&sample, &[]), &half).failed(2));
    let half = [&PLACE[..], &[("HUAWEICLOUD_SDK_SK", "fake"), ("HUAWEICLOUD_SDK_AK", "")]].concat();
    let run = home.run_with(&publish(&sample, &["--format", "json"]), &half).failed(2);
    assert_eq!(run.error()["violations"][0]["field"], "HUAWEICLOUD_SDK_AK");
}

#[test]
fn secrets_are_never_shown() {
    const SECRETS: [(&str, &str); 3] = [
        ("IOTDA_OTA_TOKEN", "planted-token-one"),
        ("HUAWEICLOUD_SDK_SK", "planted-secret-two"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "planted-token-three"),
    ];
    let home = Home::new();
    let sample = sample();
    let refusing = Stub::answering("403 Forbidden", "application/json", r#"{"error_msg":"no"}"#);
    let empty = Stub::answering("200 OK", "application/json", r#"{"packages":[]}"#);
    let list = vec!["package", "list", "--type", "firmware"];
    for (endpoint, arguments) in [
        ("http://127.0.0.1:9", list.clone()),
        (refusing.endpoint.as_str(), list.clone()),
        (empty.endpoint.as_str(), list),
        (empty.endpoint.as_str(), publish(&sample, &[])),
        ("http://127.0.0.1:9", publish(&sample, &["--dry-run"])),
        ("http://127.0.0.1:9", vec!["--help"]),
        ("http://127.0.0.1:9", vec!["package", "wrong"]),
    ] {
        for format in ["text", "json"] {
            let variables = [&service(endpoint)[..], &SECRETS].concat();
            let arguments = [&arguments[..], &["--verbose", "--format", format]].concat();
            let run = home.run_with(&arguments, &variables);
            assert!(!format!("{}{}", run.stdout, run.stderr).contains("planted"), "{arguments:?}: {}", run.stderr);
        }
    }
    // The stub did get what was hidden.
    assert!(empty.requests.try_iter().any(|request| request.contains("planted-token-one")));

    let broken = [&service("http://127.0.0.1:9")[..], &[("IOTDA_OTA_TOKEN", "planted\ntoken")]].concat();
    let run = home.run_with(&["package", "show", "id"], &broken).failed(2);
    assert_picture!("credentials_broken_token", run);
}
