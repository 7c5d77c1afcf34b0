//! The command `emulator`, and the data folders that it has to refuse.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::harness::{Home, Run, assert_picture, publish, sample};

pub(crate) const ANY_PORTS: [&str; 5] = ["emulator", "--listen", "127.0.0.1:0", "--obs-listen", "127.0.0.1:0"];

/// A running `iotda-ota emulator`, killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) variables: BTreeMap<String, String>,
}

impl Server {
    /// Starts it on free ports and waits until it is ready.
    pub(crate) fn start(home: &Home, more: &[&str]) -> Self {
        Self::ready(home.command(&[&ANY_PORTS[..], more].concat()))
    }

    /// Waits until the emulator of a command is ready.
    pub(crate) fn ready(mut command: Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, variables: BTreeMap::new() };
        for line in BufReader::new(server.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == "ready" {
                return server;
            }
            let Some(line) = line.strip_prefix("export ") else {
                assert!(line.starts_with("# IOTDA_OTA_"), "{line}");
                continue;
            };
            let (name, value) = line.split_once('=').unwrap();
            let value = value.strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
            server.variables.insert(name.to_owned(), value.to_owned());
        }
        panic!("the emulator ended before it was ready");
    }

    /// Runs a command with the variables that it printed.
    pub(crate) fn run(&self, home: &Home, arguments: &[&str]) -> Run {
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        home.run_with(arguments, &variables)
    }

    /// Creates packages quickly: through the library, on one connection.
    pub(crate) fn create_all(&self, key: &str, versions: &[String]) {
        let variable = |name: &str| self.variables[name].clone();
        let client = iotda_ota::Client::builder()
            .endpoint(variable("IOTDA_OTA_ENDPOINT"))
            .project_id(variable("HUAWEICLOUD_SDK_PROJECT_ID"))
            .token(variable("IOTDA_OTA_TOKEN"))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for version in versions {
            let (region, bucket) = (variable("IOTDA_OTA_REGION"), variable("IOTDA_OTA_BUCKET"));
            let location = iotda_ota::ObsLocation::new(region, bucket, key);
            let create = client.packages().create("my-app", "my-product", "firmware", version.as_str(), location);
            runtime.block_on(create.send()).unwrap();
        }
    }

    /// Sends a signal and tells how it ended.
    #[cfg(unix)]
    fn stop(mut self, signal: &str) -> Option<i32> {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg(unix)]
fn prints_what_a_client_needs_and_stops_cleanly() {
    let home = Home::new();
    let names = [
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT",
        "HUAWEICLOUD_SDK_PROJECT_ID",
        "HUAWEICLOUD_SDK_SK",
        "IOTDA_OTA_BUCKET",
        "IOTDA_OTA_ENDPOINT",
        "IOTDA_OTA_OBS_ENDPOINT",
        "IOTDA_OTA_REGION",
        "IOTDA_OTA_TOKEN",
    ];
    let server = Server::start(&home, &["--data-dir", "data"]);
    assert!(server.variables.keys().eq(names));
    let sample = sample();
    server.run(&home, &publish(&sample, &[])).succeeded();
    assert_eq!(server.stop("-INT"), Some(0));

    // What was published is still there, for the next process and for --emulator.
    let server = Server::start(&home, &["--data-dir", "data"]);
    let again = server.run(&home, &publish(&sample, &["--format", "json"])).succeeded();
    assert_eq!(again.json()["outcome"], "verified");
    assert_eq!(server.stop("-TERM"), Some(0));
    let run = home.emulated(&["--emulator-dir", "data", "package", "list", "--type", "firmware", "--format", "json"]);
    assert_eq!(run.succeeded().json()["page"]["count"], 1);
}

#[test]
fn accepts_the_signatures_that_it_is_told_to_and_names_a_user() {
    let home = Home::new();
    let list = ["package", "list", "--type", "firmware", "--signing"];
    for (accepted, plain, derived) in [("any", 0, 0), ("plain", 0, 6), ("derived", 3, 0)] {
        let mut server = Server::start(&home, &["--in-memory", "--signing", accepted]);
        server.variables.remove("IOTDA_OTA_TOKEN");
        for (scheme, code) in [("plain", plain), ("derived", derived)] {
            let run = server.run(&home, &[&list[..], &[scheme]].concat());
            assert_eq!(run.code, Some(code), "{accepted}, {scheme}: {}", run.stderr);
        }
    }
}

#[test]
fn limits_packages_if_asked_to() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--strict", "--limit-packages", "1"]);
    server.run(&home, &publish(&sample(), &["--quiet"])).succeeded();
    let mut arguments = publish("sample.bin", &["--format", "json"]);
    arguments.retain(|word| !["--version", "2.0"].contains(word));
    arguments.extend(["--version", "2.1"]);
    home.file("sample.bin", "other");
    let run = server.run(&home, &arguments).failed(3);
    assert_eq!(run.error()["error_code"], "EMULATOR.PACKAGE_QUOTA");
}

#[test]
fn creates_packages_without_objects_if_asked_to() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--no-object-check"]);
    server.create_all("not/there.bin", &["2.0".to_owned()]);
    let run = server.run(&home, &["package", "list", "--type", "firmware", "--format", "json"]).succeeded();
    assert_eq!(run.json()["page"]["count"], 1);
}

#[test]
fn stops_with_its_standard_input_if_asked_to() {
    let home = Home::new();
    let mut server = Server::start(&home, &["--in-memory", "--stop-with-stdin"]);
    server.run(&home, &publish(&sample(), &["--quiet"])).succeeded();
    drop(server.child.stdin.take());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn knows_whom_a_file_names() {
    let home = Home::new();
    home.file(
        "identities.toml",
        "region = 'factory-1'\n[[user]]\nname = 'u'\npassword = 'fake-password'\ndomain = 'd'\n\
         [[access_key]]\nid = 'FAKE'\nsecret = 'fake-secret'\nuser = 'u'\n\
         [[project]]\nid = 'p'\nname = 'factory-1'\nuser = 'u'\n",
    );
    let server = Server::start(&home, &["--in-memory", "--identities", "identities.toml"]);
    assert_eq!(server.variables["HUAWEICLOUD_SDK_AK"], "FAKE");
    server.run(&home, &["auth", "status"]).succeeded();
    home.file("identities.toml", "region = 5");
    let run = home.run(&[&ANY_PORTS[..], &["--in-memory", "--identities", "identities.toml"]].concat()).failed(1);
    assert!(run.stderr.contains("identities.toml"), "{}", run.stderr);
}

#[test]
fn faults_are_told_on_the_command_line() {
    let home = Home::new();
    let fault = "list_ota_packages:status:status=403,code=APIGW.0302";
    let server = Server::start(&home, &["--in-memory", "--fault", fault]);
    let run = server.run(&home, &["package", "list", "--type", "firmware", "--format", "json"]).failed(3);
    assert_eq!(run.error()["error_code"], "APIGW.0302");
    for (fault, expected) in [
        ("create:cut", "no operation is called \"create\""),
        ("*:close-after-comit", "did you mean \"close-after-commit\"?"),
        ("*:cut:probabilty=1", "did you mean \"probability\"?"),
    ] {
        let run = home.run(&["emulator", "--in-memory", "--fault", fault]).failed(2);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
}

#[test]
fn begins_with_a_file_at_a_fixed_time() {
    let home = Home::new();
    home.file(
        "seed.jsonl",
        "{\"package\":{\"app_id\":\"a\",\"product_id\":\"p\",\"package_type\":\"firmwarePackage\",\"version\":\"V1\",\
         \"file_location\":{\"obs_location\":{\"region_name\":\"r-1\",\"bucket_name\":\"bucket\",\"object_key\":\"a.bin\"}}}}",
    );
    let more = ["--in-memory", "--load", "seed.jsonl", "--fixed-clock", "2023-02-11T12:12:12Z", "--no-control"];
    let server = Server::start(&home, &more);
    let list = ["package", "list", "--type", "firmware", "--format", "json"];
    let package = server.run(&home, &list).succeeded().json()["packages"][0].clone();
    assert_eq!(package["create_time"], "20230211T121212Z");
    assert_eq!(package["package_id"], "00000000000000000000000000000001");

    home.file("seed.jsonl", "{}");
    let run = home.run(&[&ANY_PORTS[..], &["--in-memory", "--load", "seed.jsonl"]].concat()).failed(1);
    assert!(run.stderr.contains("seed.jsonl") && run.stderr.contains("line 1"), "{}", run.stderr);
}

#[test]
fn an_address_for_everybody_is_warned_about() {
    let home = Home::new();
    let mut command =
        home.command(&["emulator", "--in-memory", "--listen", "0.0.0.0:0", "--obs-listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let warned = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("not a loopback address")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warned.is_some());
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = Home::new().run(&["emulator", "--in-memory", "--listen", &address]).failed(1);
    assert_picture!("emulator_port_taken", run);
    let arguments = ["emulator", "--in-memory", "--listen", "127.0.0.1:0", "--obs-listen", &address];
    let run = Home::new().run(&arguments).failed(1);
    assert!(run.stderr.contains("--obs-listen"), "{}", run.stderr);
}

#[test]
fn a_data_folder_that_cannot_be_used_is_named_and_left_alone() {
    let home = Home::new();
    home.file("occupied", "a file");
    let run = home.run(&[&ANY_PORTS[..], &["--data-dir", "occupied"]].concat()).failed(1);
    assert_picture!("emulator_folder_is_a_file", run);
    let run =
        home.emulated(&["--emulator-dir", "occupied/data", "package", "show", "id", "--format", "json"]).failed(1);
    assert_eq!(run.error()["kind"], "emulator");
    assert_eq!(fs::read(home.path("occupied")).unwrap(), b"a file");

    fs::create_dir(home.path("foreign")).unwrap();
    fs::write(home.path("foreign/thesis.txt"), "precious").unwrap();
    let run = home.run(&[&ANY_PORTS[..], &["--data-dir", "foreign"]].concat()).failed(1);
    assert_picture!("emulator_folder_is_foreign", run);
    assert_eq!(fs::read_dir(home.path("foreign")).unwrap().count(), 1);
    assert_eq!(fs::read(home.path("foreign/thesis.txt")).unwrap(), b"precious");
}

#[test]
#[cfg(unix)]
fn a_data_folder_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    fs::create_dir(home.path("closed")).unwrap();
    fs::set_permissions(home.path("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    if let Some(run) = home.ordinary(&[&ANY_PORTS[..], &["--data-dir", "closed"]].concat(), &[]) {
        assert_picture!("emulator_folder_is_closed", run.failed(1));
    }
}

#[test]
fn a_damaged_database_is_named_and_left_alone() {
    let home = Home::new();
    home.emulated(&["--emulator-dir", "data", "package", "list", "--type", "firmware"]).succeeded();
    let database = fs::read_dir(home.path("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_file() && fs::read(path).unwrap().starts_with(b"SQLite format 3\0"))
        .unwrap();
    fs::write(&database, "this is no database, whatever its name says").unwrap();
    let before = fs::read(&database).unwrap();
    let run = home.emulated(&["--emulator-dir", "data", "package", "list", "--type", "firmware"]).failed(1);
    assert_picture!("emulator_database_is_damaged", run);
    assert_eq!(fs::read(&database).unwrap(), before);
}
