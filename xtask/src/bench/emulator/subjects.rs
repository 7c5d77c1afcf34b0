//! The servers under test, all with the same answers: what ours says of ten packages is what the others are given to say.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::process::{Side, run as run_program};
use crate::bench::server::Server;
use crate::bench::{Bench, NO_OBJECTS};
use crate::{Failure, document};

/// How many packages there are, and on the page that is listed.
pub(in crate::bench) const PACKAGES: usize = 10;

/// What the servers write, below `target/bench`; large after many creates.
pub(super) const FOLDERS: [&str; 6] =
    ["emulator", "emulator-again", "prism", "prism-again", "wiremock", "wiremock-again"];

/// The project of those that do not have one of their own.
const PROJECT: &str = "0123456789abcdef0123456789abcdef";

const LIST: &str = "/v5/iot/{project_id}/ota-upgrades/packages";

/// A server under test, and where and how to ask it.
pub(super) struct Subject {
    pub(super) server: Server,
    pub(super) url: String,
    pub(super) project: String,
    pub(super) token: String,
    /// Whether it and who asks it have a core each.
    pub(super) is_bound: bool,
}

/// What is answered to a create, a show and a list.
pub(in crate::bench) struct Answers {
    pub(super) package_id: String,
    created: Value,
    shown: Value,
    page: Value,
}

/// Creates ten packages, and says how the server answers then.
pub(in crate::bench) fn seed(bench: &Bench, url: &str, project: &str, token: &str) -> Result<Answers, Failure> {
    let mut command = bench.command(bench.program("seed"));
    let mut own = run_program(command.args([url, project, token, &PACKAGES.to_string()]))?.own;
    let package_id = own["package_id"].as_str().ok_or("seed: no package_id")?.to_owned();
    Ok(Answers { package_id, created: own["created"].take(), shown: own["shown"].take(), page: own["page"].take() })
}

/// The emulator, durable.
pub(super) fn ours(bench: &Bench, folder: &str, is_bound: bool) -> Result<Subject, Failure> {
    let program = bench.program("iotda-ota");
    let command = if is_bound { bench.on(Side::Server, program) } else { bench.command(program) };
    let server = bench.emulator(command, Some(&bench.folder(folder)?), NO_OBJECTS)?;
    let text = |name: &str| server.value(name).map(str::to_owned);
    let (url, project, token) =
        (text("IOTDA_OTA_ENDPOINT")?, text("HUAWEICLOUD_SDK_PROJECT_ID")?, text("IOTDA_OTA_TOKEN")?);
    Ok(Subject { server, url, project, token, is_bound })
}

/// Prism reads the document, whose examples are its answers.
pub(super) fn prism(bench: &Bench, folder: &str, answers: &Answers) -> Result<Subject, Failure> {
    let script = bench.peers.prism.as_ref().map_err(String::as_str)?;
    let mut document = document::read(&bench.root)?;
    for (path, method, status, answer) in [
        (LIST, "post", "201", &answers.created),
        (LIST, "get", "200", &answers.page),
        (&format!("{LIST}/{{package_id}}"), "get", "200", &answers.shown),
    ] {
        let content = &mut document["paths"][path][method]["responses"][status]["content"]["application/json"];
        if content["examples"].is_null() {
            return Err(format!("the document has no example for {method} {path}").into());
        }
        content["examples"] = json!({ "ten": { "summary": "The answer of the emulator.", "value": answer } });
    }
    let file = bench.folder(folder)?.join("document.json");
    fs::write(&file, document.to_string())?;
    let port = free_port()?;
    let mut command = bench.on(Side::Server, "node");
    command.arg(script).args(["mock", "--port", &port.to_string(), "--host", "127.0.0.1"]).arg(file);
    stranger(command, port)
}

/// WireMock does not read OpenAPI documents, so it gets the answers alone.
pub(super) fn wiremock(bench: &Bench, folder: &str, answers: &Answers) -> Result<Subject, Failure> {
    let archive = bench.peers.wiremock.as_ref().map_err(String::as_str)?;
    let folder = bench.folder(folder)?;
    stubs(&folder, answers)?;
    let port = free_port()?;
    let mut command = bench.on(Side::Server, "java");
    command.arg("-jar").arg(archive).args(["--port", &port.to_string(), "--bind-address", "127.0.0.1"]);
    command.args(["--disable-banner", "--no-request-journal", "--root-dir"]).arg(folder);
    stranger(command, port)
}

/// A server that says nothing of itself.
fn stranger(mut command: Command, port: u16) -> Result<Subject, Failure> {
    let server = Server::start_silent(&mut command, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    let (project, token) = (PROJECT.to_owned(), "fake-token".to_owned());
    Ok(Subject { server, url: format!("http://127.0.0.1:{port}"), project, token, is_bound: true })
}

fn stubs(folder: &Path, answers: &Answers) -> Result<(), Failure> {
    let mappings = folder.join("mappings");
    fs::create_dir_all(&mappings)?;
    let packages = LIST.replace("{project_id}", PROJECT);
    let one = format!("{packages}/[0-9a-f]+");
    for (name, method, path, status, answer) in [
        ("create", "POST", &packages, 201, Some(&answers.created)),
        ("list", "GET", &packages, 200, Some(&answers.page)),
        ("show", "GET", &one, 200, Some(&answers.shown)),
        ("delete", "DELETE", &one, 204, None),
    ] {
        let mut response = json!({ "status": status, "headers": { "Content-Type": "application/json" } });
        if let Some(answer) = answer {
            // As a text, which is sent as it is and not printed anew for each request.
            response["body"] = answer.to_string().into();
        }
        let stub = json!({ "request": { "method": method, "urlPathPattern": path }, "response": response });
        fs::write(mappings.join(format!("{name}.json")), stub.to_string())?;
    }
    Ok(())
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
