//! How much the command `emulator` takes from its clients, and from whom: its flags, and what it takes without them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::emulator::{ANY_PORTS, Server};
use crate::harness::{Home, publish, sample};
use crate::store;

/// The port for IoTDA, connected.
fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.variables["IOTDA_OTA_ENDPOINT"].strip_prefix("http://").unwrap()).unwrap()
}

/// The answer to a request with the token, for a host of one's choice.
fn answer(server: &Server, host: &str, request: &str, headers: &str, body: &str) -> String {
    let mut connection = connect(server);
    let (token, length) = (&server.variables["IOTDA_OTA_TOKEN"], body.len());
    let head = format!("{request} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Auth-Token: {token}\r\n{headers}");
    // At once, because what comes after a refusal makes the connection end with a reset.
    connection.write_all(format!("{head}Content-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn packages(server: &Server) -> String {
    format!("/v5/iot/{}/ota-upgrades/packages", server.variables["HUAWEICLOUD_SDK_PROJECT_ID"])
}

#[test]
fn every_limit_is_a_flag() {
    let home = Home::new();
    let limits = ["--max-body", "10", "--max-load", "20", "--max-head", "1000", "--max-page", "7", "--max-offset", "0"];
    let server = Server::start(&home, &[&["--in-memory"], &limits[..]].concat());
    let packages = packages(&server);
    let list = |more: &str| format!("GET {packages}?package_type=firmwarePackage{more}");
    let long = format!("X-Long: {}\r\n", "x".repeat(1000));
    for (request, headers, body, expected) in [
        (list("&limit=7"), "", "", "HTTP/1.1 200 "),
        (list("&limit=8"), "", "", "IOTDA.000017"),
        (list("&offset=1"), "", "", "IOTDA.000006"),
        (list(""), long.as_str(), "", "HTTP/1.1 431 "),
        (format!("POST {packages}"), "", r#"{"app": 1}"#, "IOTDA.000006"),
        (format!("POST {packages}"), "", r#"{"app": 10}"#, "EMULATOR.BODY_TOO_LARGE"),
        ("POST /emulator/load".to_owned(), "", r#"{"bytes": "Zmlyb"}"#, "EMULATOR.INVALID_CONTROL_CALL"),
        ("POST /emulator/load".to_owned(), "", r#"{"bytes": "Zmlybrg="}"#, "EMULATOR.BODY_TOO_LARGE"),
    ] {
        let answer = answer(&server, "localhost", &request, headers, body);
        assert!(answer.contains(expected), "{request}: {answer}");
    }
}

#[test]
fn a_limit_with_which_nothing_works_is_wrong_usage() {
    let home = Home::new();
    for (flag, value, reason) in [
        ("--max-head", "10", "from 256 to 65536"),
        ("--max-head", "200000", "from 256 to 65536"),
        ("--max-body", "0", "at least 1"),
        ("--max-connections", "0", "at least 1"),
        ("--max-page", "0", "at least 1"),
    ] {
        let run = home.run(&[&ANY_PORTS[..], &["--in-memory", flag, value]].concat()).failed(2);
        assert!(run.stderr.contains(&format!("{flag} cannot be {value}")), "{}", run.stderr);
        assert!(run.stderr.contains(reason), "{}", run.stderr);
    }
}

#[test]
fn further_connections_wait_for_their_turn() {
    let server = Server::start(&Home::new(), &["--in-memory", "--max-connections", "1"]);
    let first = connect(&server);
    let mut second = connect(&server);
    second.write_all(b"GET /emulator/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0; 12];
    assert!(second.read(&mut answer).is_err(), "the first has the place");
    drop(first);
    second.set_read_timeout(None).unwrap();
    second.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[test]
fn so_many_requests_are_remembered_and_hosts_answered_as_it_is_told() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--keep-requests", "2", "--allow-host", "emulator.test"]);
    server.run(&home, &publish(&sample(), &["--quiet"])).succeeded();
    let kept = answer(&server, "emulator.test:8790", "GET /emulator/requests", "", "");
    assert_eq!(kept.matches("\"number\":").count(), 2, "{kept}");
    let refused = answer(&server, "other.test", "GET /emulator/requests", "", "");
    assert!(refused.contains("EMULATOR.UNKNOWN_HOST") && refused.contains("--allow-host other.test"), "{refused}");
}

#[test]
#[cfg(unix)]
fn connections_of_one_port_leave_open_files_for_the_other() {
    let home = Home::new();
    let emulator = home.command(&[&ANY_PORTS[..], &["--in-memory"]].concat());
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 128 && exec \"$0\" \"$@\""]).arg(emulator.get_program()).args(emulator.get_args());
    limited.env_clear().envs(emulator.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = Server::ready(limited);
    let half_sent: Vec<_> = (0..120)
        .map(|_| {
            let mut connection = connect(&server);
            connection.write_all(b"GET /emulator/health HTTP/1.1\r\nHost: local").unwrap();
            connection
        })
        .collect();
    for number in 0..50 {
        store::put(&server.variables, &format!("{number}.bin"), "firmware");
    }
    assert_eq!(store::objects(&server.variables).len(), 50);
    drop(half_sent);
}
