//! Services that are not there, or answer what they should not.

use std::net::TcpListener;

use crate::harness::{Home, PACKAGE, assert_picture, publish, sample, service};
use crate::stub::{Answer, Stub};

const LIST: [&str; 4] = ["package", "list", "--type", "firmware"];

#[test]
fn nothing_listening_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let home = Home::new();
    assert_picture!("nothing_listening", home.run_with(&LIST, &service(&endpoint)).failed(7));
    let run = home.run_with(&publish(&sample(), &["--format", "json"]), &service(&endpoint)).failed(7);
    assert_eq!(run.error()["kind"], "unavailable");
    assert!(!run.error()["causes"].as_array().unwrap().is_empty());
}

#[test]
fn a_page_of_html_is_no_answer() {
    let page = "<html><head><title>Sign in</title></head><body>Please\u{1b}[2J sign in</body></html>";
    let stub = Stub::answering("200 OK", "text/html", page);
    assert_picture!("html_answer", Home::new().run_with(&LIST, &service(&stub.endpoint)).failed(6));
}

#[test]
fn an_answer_that_is_cut_off_is_unavailable() {
    let stub = Stub::breaking_off(r#"{"packages":[{"package_id":"28f"#);
    assert_picture!("half_a_json", Home::new().run_with(&LIST, &service(&stub.endpoint)).failed(7));
}

#[test]
fn a_create_without_a_clear_answer_has_an_unknown_outcome() {
    let create = [&["package", "create", "--object-key", "upgrade.bin"], &PACKAGE[..]].concat();
    let stub = Stub::answering("500 Internal Server Error", "application/json", "{}");
    assert_picture!("create_unknown", Home::new().run_with(&create, &service(&stub.endpoint)).failed(8));
    let stub = Stub::silent();
    let run = Home::new().run_with(&[&create[..], &["--timeout", "1"]].concat(), &service(&stub.endpoint)).failed(8);
    assert!(run.stderr.contains("within the time limit"), "{}", run.stderr);
}

#[test]
fn the_command_that_finds_out_works_as_it_is_printed() {
    let home = Home::new();
    let stub = Stub::serving(|request| match request.starts_with("POST ") {
        true => Answer::json("502 Bad Gateway", ""),
        false => Answer::json("200 OK", r#"{"packages":[],"page":{"count":0}}"#),
    });
    let sign = "ab".repeat(32);
    let create = ["package", "create", "--object-key", "a b.bin", "--sign", &sign];
    let place = ["--endpoint", &stub.endpoint, "--project-id", "fake-project", "--instance-id", "fake-instance"];
    let once = ["--max-attempts", "1", "--format", "json", "--bucket", "my-bucket", "--obs-region", "cn-north-4"];
    let obs = ["--obs-endpoint", stub.endpoint.as_str(), "--plain-http"];
    let arguments = [&create[..], &PACKAGE[..], &place[..], &obs[..], &once[..]].concat();
    let token = [("IOTDA_OTA_TOKEN", "fake-token"), ("IOTDA_OTA_SIGNING", "plain")];
    let run = home.run_with(&arguments, &token).failed(8);
    let error = run.error();
    assert_eq!(error["sought"]["app_id"], "my-app");
    assert_eq!(error["sought"]["version"], "2.0");
    let location = &error["sought"]["file_location"]["obs_location"];
    assert_eq!((&location["object_key"], &location["bucket_name"]), (&"a b.bin".into(), &"my-bucket".into()));
    assert_eq!(location["sign"], sign);
    let hint = error["hint"].as_str().unwrap();
    let command = hint.split('`').nth(1).unwrap();
    assert!(!run.stderr.contains("fake-token"), "{}", run.stderr);
    let words: Vec<_> = command.split(' ').skip(1).collect();
    let found = home.run_with(&[&words[..], &["--format", "json"]].concat(), &token[..1]).succeeded();
    assert_eq!(found.json()["page"]["count"], 0, "{command}");
    for flag in ["--endpoint", "--project-id fake-project", "--instance-id fake-instance", "--signing plain"] {
        assert!(command.contains(flag), "{command}");
    }
    assert!(command.ends_with("--plain-http") && !command.contains("--bucket"), "{command}");
}

#[test]
fn codes_of_the_service_become_exit_codes() {
    for (status, body, code, kind) in [
        ("401 Unauthorized", r#"{"error_code":"IOTDA.000002","error_msg":"no"}"#, 3, "unauthenticated"),
        ("403 Forbidden", r#"{"error_code":"IOTDA.000004","error_msg":"no"}"#, 3, "denied"),
        ("400 Bad Request", r#"{"error_code":"IOTDA.000006","error_msg":"no"}"#, 6, "rejected"),
        ("429 Too Many Requests", "", 7, "unavailable"),
    ] {
        let stub = Stub::answering(status, "application/json", body);
        let arguments = [&LIST[..], &["--format", "json"]].concat();
        let error = Home::new().run_with(&arguments, &service(&stub.endpoint)).failed(code).error();
        assert_eq!(error["kind"], kind);
        assert_eq!(error["request_id"], "stub-request");
    }
}

#[test]
fn texts_of_the_service_cannot_steer_the_terminal() {
    let body = concat!(
        r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3","version":"2.0","#,
        r#""description":"a\u001b[2Jb\u009b2Jc\nd\u202ee"}"#
    );
    let stub = Stub::answering("200 OK", "application/json", body);
    let show = ["package", "show", "28f61af50fc9452aa0ed5ea25c3cc3d3"];
    let run = Home::new().run_with(&show, &service(&stub.endpoint)).succeeded();
    assert_picture!("hostile_description", run);
    let run = Home::new().run_with(&[&show[..], &["--format", "json"]].concat(), &service(&stub.endpoint)).succeeded();
    assert!(!run.stdout.contains(|c: char| c.is_control() && c != '\n'), "{:?}", run.stdout);
    assert_eq!(run.json()["description"], "a\u{1b}[2Jb\u{9b}2Jc\nd\u{202e}e");
}
