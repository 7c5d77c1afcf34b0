//! `emulator`: ready, idle memory, list, show and durable create, beside Prism and WireMock on the same document.
//!
//! Servers are on one core, the load on the other. Right answers are counted too: a server that answers quickly what
//! nobody asked is no peer, so a row tells which of five simple expectations each of them meets.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::Bench;
use super::figures::{Figure, Goal, Row, Section, Unit};
use super::process::{Server, Used, pinned, run as run_program};
use super::rounds::{Contestant, alternate};
use crate::Failure;

/// Flags that let the system choose the emulator's ports.
pub(super) const ANY_PORTS: [&str; 4] = ["--listen", "127.0.0.1:0", "--obs-listen", "127.0.0.1:0"];

const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// A server under test, and where and how to ask it.
struct Subject {
    name: &'static str,
    server: Server,
    url: String,
    project: String,
    token: String,
    /// The package that show asks for.
    package: String,
}

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "emulator",
        "Servers on one core, 16 connections from the other. `create` is durable in ours, and is not stored at all by \
         the peers.",
    );
    let mut subjects = vec![ours(bench, "emulator")?];
    for (name, subject) in [("Prism", prism(bench)), ("WireMock", wiremock(bench))] {
        match subject {
            Ok(subject) => subjects.push(subject),
            Err(error) => section.notes.push(format!("Left out: {name}. {error}")),
        }
    }
    for subject in &mut subjects {
        let right = correctness(bench, subject)?;
        section.notes.push(format!("{}: {right}.", subject.name));
    }
    let ready = turns(bench, &subjects, |subject| {
        let again = match subject.name {
            "Prism" => prism(bench)?,
            "WireMock" => wiremock(bench)?,
            _ => ours(bench, "emulator-again")?,
        };
        Ok(again.server.ready.as_secs_f64())
    })?;
    section.rows.extend(rows("ready", Unit::Seconds, &subjects, &ready, Goal::AtMost(0.1), Goal::AtMost(1.0)));
    let idle: Vec<_> = subjects.iter().map(|subject| vec![subject.server.resident_bytes()]).collect();
    section.rows.extend(rows("idle memory", Unit::Bytes, &subjects, &idle, Goal::AtMost(0.1), Goal::AtMost(1.0)));
    for (what, least) in [("show", Goal::AtLeast(10.0)), ("list", Goal::AtLeast(1.0)), ("create", Goal::AtLeast(1.0))] {
        let seen = turns(bench, &subjects, |subject| load(bench, subject, what))?;
        section.rows.extend(rows(what, Unit::PerSecond, &subjects, &seen, least, Goal::AtLeast(1.0)));
    }
    Ok(section)
}

/// What each subject's rounds measured, with the subjects taking turns.
fn turns(
    bench: &Bench,
    subjects: &[Subject],
    measure: impl Fn(&Subject) -> Result<f64, Failure>,
) -> Result<Vec<Vec<f64>>, Failure> {
    let mut contestants: Vec<_> = subjects
        .iter()
        .map(|subject| {
            let measure = &measure;
            Contestant::new(subject.name, move |_| Ok(Used { seconds: measure(subject)?, ..Used::default() }))
        })
        .collect();
    alternate(bench.pick(5, 1), &mut contestants)?;
    Ok(contestants.iter().map(Contestant::seconds).collect())
}

/// A row for each peer, with the goal beside Prism and the one beside any other; ours alone if there is none.
fn rows(what: &str, unit: Unit, subjects: &[Subject], seen: &[Vec<f64>], prism: Goal, other: Goal) -> Vec<Row> {
    let Some((ours, others)) = seen.split_first() else { return Vec::new() };
    if others.is_empty() {
        return vec![Row::alone(what, Figure::of(ours, unit))];
    }
    let peers = subjects[1..].iter().zip(others);
    peers
        .map(|(peer, seen)| {
            let row = Row::beside(what, unit, ours, peer.name, seen);
            row.goal(if peer.name == "Prism" { prism } else { other })
        })
        .collect()
}

fn ours(bench: &Bench, folder: &str) -> Result<Subject, Failure> {
    let folder = bench.folder(folder)?;
    let mut command = pinned(0, bench.program("iotda-ota"));
    command.args(["emulator", "--no-object-check", "--data-dir"]).arg(folder).args(ANY_PORTS);
    let server = Server::start(&mut command)?;
    let text = |name: &str| server.value(name).map(str::to_owned);
    let (url, project, token) =
        (text("IOTDA_OTA_ENDPOINT")?, text("HUAWEICLOUD_SDK_PROJECT_ID")?, text("IOTDA_OTA_TOKEN")?);
    Ok(Subject { name: "ours", server, url, project, token, package: String::new() })
}

fn prism(bench: &Bench) -> Result<Subject, Failure> {
    let script = bench.peers.prism.as_ref().ok_or("npm or node is not here")?;
    let port = free_port()?;
    let mut command = pinned(0, "node");
    command.arg(script).args(["mock", "--port", &port.to_string(), "--host", "127.0.0.1"]);
    command.arg(bench.root.join("openapi/iotda-ota.yaml"));
    stranger("Prism", command, port)
}

fn wiremock(bench: &Bench) -> Result<Subject, Failure> {
    let jar = bench.peers.wiremock.as_ref().ok_or("npm or java is not here")?;
    let folder = bench.folder("wiremock")?;
    stubs(&bench.root, &folder)?;
    let port = free_port()?;
    let mut command = pinned(0, "java");
    command.arg("-jar").arg(jar).args(["--port", &port.to_string(), "--bind-address", "127.0.0.1"]);
    command.args(["--disable-banner", "--no-request-journal", "--root-dir"]).arg(folder);
    stranger("WireMock", command, port)
}

/// A server that says nothing of itself.
fn stranger(name: &'static str, mut command: Command, port: u16) -> Result<Subject, Failure> {
    let server = Server::start_silent(&mut command, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    Ok(Subject {
        name,
        server,
        url: format!("http://127.0.0.1:{port}"),
        project: PROJECT.to_owned(),
        token: "fake-token".to_owned(),
        package: "28f61af50fc9452aa0ed5ea25c3cc3d3".to_owned(),
    })
}

/// WireMock does not read OpenAPI documents, so it gets the document's examples as its answers.
fn stubs(root: &Path, folder: &Path) -> Result<(), Failure> {
    let mappings = folder.join("mappings");
    fs::create_dir_all(&mappings)?;
    let packages = format!("/v5/iot/{PROJECT}/ota-upgrades/packages");
    for (name, method, path, status, example) in [
        ("create", "POST", packages.clone(), 201, "create_ota_package.differential.201.json"),
        ("list", "GET", packages.clone(), 200, "list_ota_packages.two_packages.200.json"),
        ("show", "GET", format!("{packages}/[0-9a-f]+"), 200, "show_ota_package.firmware.200.json"),
        ("delete", "DELETE", format!("{packages}/[0-9a-f]+"), 204, ""),
    ] {
        let mut response = json!({ "status": status, "headers": { "Content-Type": "application/json" } });
        if !example.is_empty() {
            let body: Value = serde_json::from_str(&fs::read_to_string(root.join("openapi/examples").join(example))?)?;
            response["jsonBody"] = body;
        }
        let stub = json!({ "request": { "method": method, "urlPathPattern": path }, "response": response });
        fs::write(mappings.join(format!("{name}.json")), stub.to_string())?;
    }
    Ok(())
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Which simple expectations a server meets; leaves a package to show behind.
fn correctness(bench: &Bench, subject: &mut Subject) -> Result<String, Failure> {
    let mut command = Command::new(bench.program("expectations"));
    command.args([&subject.url, &subject.project, &subject.token]);
    let used = run_program(&mut command)?;
    if let Some(package) = used.own["package_id"].as_str() {
        subject.package = package.to_owned();
    }
    Ok(used.own["met"].as_str().unwrap_or("nothing").to_owned())
}

/// Requests per second.
fn load(bench: &Bench, subject: &Subject, what: &str) -> Result<f64, Failure> {
    let packages = format!("/v5/iot/{}/ota-upgrades/packages", subject.project);
    let token = format!("x-auth-token: {}", subject.token);
    let slow = subject.name == "Prism";
    let mut command = pinned(1, bench.program("load"));
    command.args([&subject.url, "--header", &token, "--connections", "16"]);
    let requests: u64 = bench.pick(if slow { 4_000 } else { 60_000 }, 500);
    command.args(["--requests", &requests.to_string(), "--path"]);
    match what {
        "show" => command.arg(format!("{packages}/{}", subject.package)),
        "list" => command.arg(format!("{packages}?package_type=firmwarePackage&limit=10")),
        _ => command.arg(&packages).args(["--method", "POST", "--status", "201", "--body", &create_body()]),
    };
    let used = run_program(&mut command)?;
    if used.own("wrong") > 0.0 {
        return Err(format!("{} answered {} of {requests} requests wrongly", subject.name, used.own("wrong")).into());
    }
    Ok(used.own("requests") / used.seconds)
}

/// A create whose version differs from request to request.
pub(super) fn create_body() -> String {
    json!({
        "app_id": "61bd7bdf06b54bb0a06b0d1b5a1b4c11",
        "product_id": "5ba24f5ebbe8f56f5a14f605",
        "package_type": "firmwarePackage",
        "version": "v{n}",
        "file_location": { "obs_location": {
            "region_name": "cn-north-4", "bucket_name": "firmware", "object_key": "sensors/upgrade.bin",
        } },
    })
    .to_string()
}
