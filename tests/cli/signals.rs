//! Ctrl-C and SIGTERM.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Home, PACKAGE, Run, assert_picture, publish, sample, service};
use crate::stub::Stub;

/// Starts a command, waits until a request has arrived, sends the signal.
fn interrupted(signal: &str, arguments: &[&str]) -> Run {
    interrupted_with(signal, arguments, |_, _| {})
}

/// The same with other variables.
fn interrupted_with(signal: &str, arguments: &[&str], change: impl Fn(&mut Command, &Stub)) -> Run {
    let home = Home::new();
    let stub = Stub::silent();
    let mut command = home.command(arguments);
    command.envs(service(&stub.endpoint)).stdout(Stdio::piped()).stderr(Stdio::piped());
    change(&mut command, &stub);
    let child = command.spawn().unwrap();
    stub.requests.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    Run::new(&child.wait_with_output().unwrap(), &home.path("."))
}

#[test]
fn an_interrupted_list_says_so() {
    let list = ["package", "list", "--type", "firmware"];
    assert_picture!("interrupted_list", interrupted("-INT", &list).failed(130));
    let run = interrupted("-TERM", &[&list[..], &["--format", "json"]].concat()).failed(143);
    assert_eq!(run.error()["kind"], "interrupted");
}

#[test]
fn a_publish_that_is_interrupted_before_anything_is_uploaded_is_just_interrupted() {
    let sample = sample();
    assert_picture!("interrupted_publish", interrupted("-INT", &publish(&sample, &[])).failed(130));
}

#[test]
fn an_interrupted_create_has_an_unknown_outcome() {
    let create = [&["package", "create", "--object-key", "upgrade.bin"], &PACKAGE[..]].concat();
    assert_picture!("interrupted_create", interrupted("-INT", &create).failed(8));
    let json = interrupted("-INT", &[&create[..], &["--format", "json"]].concat()).failed(8).error();
    assert_eq!((&json["kind"], &json["sought"]["version"]), (&"outcome_unknown".into(), &"2.0".into()));
}

#[test]
fn a_create_that_is_interrupted_while_it_waits_for_iam_has_created_nothing() {
    let create = [&["package", "create", "--object-key", "upgrade.bin"], &PACKAGE[..]].concat();
    let run = interrupted_with("-INT", &create, |command, stub| {
        // The project is looked up, by way of the key.
        command.env("HUAWEICLOUD_SDK_IAM_ENDPOINT", &stub.endpoint);
        command.env_remove("HUAWEICLOUD_SDK_PROJECT_ID").env_remove("IOTDA_OTA_TOKEN");
    });
    assert_picture!("interrupted_create_before_sending", run.failed(130));
}
