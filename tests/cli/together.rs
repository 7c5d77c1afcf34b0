//! Commands that publish the same at the same moment: on one machine, and on several that know nothing of each other.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::emulator::Server;
use crate::harness::{Home, PACKAGE, Run, large, sample};
use crate::killed::{SLOW, assert_published_once};
use crate::relay::Relay;
use crate::store;

/// Starts to publish, with state of its own if it is given a name.
fn start(home: &Home, variables: &BTreeMap<String, String>, file: &str, state: Option<&str>, more: &[&str]) -> Child {
    let mut command = home.command(&[&["package", "publish", file], &PACKAGE[..], more].concat());
    command.envs(variables).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(state) = state {
        command.env("IOTDA_OTA_STATE_DIR", home.path(state));
    }
    command.spawn().unwrap()
}

/// What commands report that all have to succeed.
fn reports(home: &Home, children: Vec<Child>) -> Vec<Value> {
    let run = |child: Child| Run::new(&child.wait_with_output().unwrap(), &home.path("."));
    children.into_iter().map(|child| run(child).succeeded().json()).collect()
}

/// The outcomes in such reports, sorted.
fn outcomes(home: &Home, children: Vec<Child>) -> Vec<String> {
    let reports = reports(home, children);
    let mut outcomes: Vec<_> = reports.iter().map(|report| report["outcome"].as_str().unwrap().to_owned()).collect();
    outcomes.sort();
    outcomes
}

#[test]
fn the_second_on_a_machine_says_for_whom_it_waits_and_then_finds_the_package() {
    let home = Home::new();
    let file = large(&home, 3);
    let server = Server::start(&home, &["--in-memory"]);
    let relay = Relay::holding(&server.variables["IOTDA_OTA_OBS_ENDPOINT"], |before, _| before > 1 << 20);
    let mut behind = server.variables.clone();
    behind.insert("IOTDA_OTA_OBS_ENDPOINT".to_owned(), relay.endpoint.clone());
    let first = start(&home, &behind, &file, None, &["--format", "json"]);
    relay.held.recv_timeout(Duration::from_secs(60)).unwrap();

    let mut second = start(&home, &behind, &file, None, &[]);
    let mut told = String::new();
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    stderr.read_line(&mut told).unwrap();
    let expected =
        format!("waiting for process {}, which publishes the same version or uploads to the same key\n", first.id());
    assert_eq!(told, expected);
    relay.open();
    assert_eq!(outcomes(&home, vec![first]), ["created"]);
    let second = second.wait_with_output().unwrap();
    assert!(second.status.success() && String::from_utf8_lossy(&second.stdout).contains("verified"), "{second:?}");
    assert_published_once(&home, &server, &file);
}

#[test]
fn two_machines_that_upload_the_same_large_file_both_succeed_and_leave_nothing() {
    let home = Home::new();
    let file = large(&home, 4);
    let server = Server::start(&home, &[&["--in-memory"], &SLOW[..]].concat());
    let children =
        ["one", "two"].map(|state| start(&home, &server.variables, &file, Some(state), &["--format", "json"]));
    // Whoever was faster, both report the same package as theirs or as found.
    let ids = reports(&home, children.into()).into_iter().map(|mut report| report["package"]["package_id"].take());
    let ids: Vec<_> = ids.collect();
    assert!(ids[0].is_string() && ids[0] == ids[1], "{ids:?}");
    assert_published_once(&home, &server, &file);
    for state in ["one", "two"] {
        let left: Vec<_> = std::fs::read_dir(home.path(state).join("uploads")).unwrap().collect();
        assert!(!left.iter().any(|file| file.as_ref().unwrap().path().extension().is_some_and(|is| is == "journal")));
    }
}

#[test]
fn of_four_machines_one_creates_the_package_where_duplicates_are_refused() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--strict"]);
    let file = sample();
    let states = ["one", "two", "three", "four"];
    let children = states.map(|state| start(&home, &server.variables, &file, Some(state), &["--format", "json"]));
    assert_eq!(outcomes(&home, children.into()), ["created", "verified", "verified", "verified"]);
    assert_published_once(&home, &server, &file);
}

#[test]
fn replace_replaces_where_duplicates_are_refused() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--strict"]);
    let replace = |content: &str, outcome: &str| {
        let file = home.file("firmware.bin", content).display().to_string();
        let child = start(&home, &server.variables, &file, None, &["--format", "json", "--if-exists", "replace"]);
        assert_eq!(outcomes(&home, vec![child]), [outcome]);
    };
    replace("one", "created");
    replace("two", "replaced");
    replace("two", "verified");
    assert_eq!(store::objects(&server.variables).len(), 2);
}
