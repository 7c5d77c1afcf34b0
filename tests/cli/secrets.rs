//! Secrets are never shown, whatever goes wrong: not on the terminal, not in a file, not in a snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use iotda_ota_emulator::InstanceKind;
use serde_json::json;

use crate::auth::login;
use crate::harness::{Home, PACKAGE, Run, assert_picture, publish, sample, service};
use crate::instance::Instance;
use crate::stub::{Answer, Stub};

/// One set of secrets for each kind of credentials; the environment of the place has none of its own.
const SETS: [&[(&str, &str)]; 8] = [
    &[
        ("IOTDA_OTA_TOKEN", r#"pla"nted-tok\en"#),
        ("HUAWEICLOUD_SDK_AK", "FAKE"),
        ("HUAWEICLOUD_SDK_SK", "planted-secret"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "planted-security-token"),
    ],
    &[("IOTDA_OTA_TOKEN", "planted-token")],
    &[
        ("IOTDA_OTA_USERNAME", "fake-user"),
        ("IOTDA_OTA_PASSWORD", r#"ab"cd planted \u00e9 efgh é密"#),
        ("IOTDA_OTA_DOMAIN", "fake-domain"),
    ],
    &[
        ("HUAWEICLOUD_SDK_AK", "FAKE"),
        ("HUAWEICLOUD_SDK_SK", "planted-secret"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", r#"planted-"security\token%22"#),
    ],
    &[
        ("HUAWEICLOUD_OIDC_PROVIDER_URN", "fake-provider"),
        ("HUAWEICLOUD_OIDC_AGENCY_URN", "fake-agency"),
        ("HUAWEICLOUD_OIDC_ID_TOKEN", "planted-identity"),
    ],
    &[("HUAWEICLOUD_SDK_IDP_ID", "fake-idp"), ("HUAWEICLOUD_SDK_ID_TOKEN_FILE", "identity-token")],
    &[
        ("HC_CONTAINER_CREDENTIALS_FULL_URI", SERVICE),
        ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "pod-token"),
        // Without the file of credentials, which goes before it.
        ("HOME", "nowhere"),
        ("USERPROFILE", "nowhere"),
    ],
    // The file and the cached login.
    &[],
];

/// Stands for the address of the service in a set.
const SERVICE: &str = "the service";

/// The variables that lead to a service, without credentials.
fn place(endpoint: &str) -> Vec<(&'static str, &str)> {
    let mut variables = vec![
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", endpoint),
        ("HUAWEICLOUD_SDK_STS_ENDPOINT", endpoint),
        ("IOTDA_OTA_STATE_DIR", "state"),
        // Whoever looks for a fault sets these.
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "full"),
    ];
    let credentials = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "IOTDA_OTA_TOKEN"];
    variables.extend(service(endpoint).into_iter().filter(|(name, _)| !credentials.contains(name)));
    variables
}

/// What the service says in the worst case: everything that it was sent, as an error or as a success.
fn echo(status: &'static str) -> Stub {
    Stub::serving(move |request| {
        let body = json!({"error_code": "STUB.1", "error_msg": request, "error": {"message": request}});
        Answer::json(status, body.to_string()).with_header("X-Subject-Token", "planted-issued")
    })
}

/// Every command, with arguments that make it run.
fn commands(sample: &str) -> Vec<Vec<&str>> {
    let id = "28f61af50fc9452aa0ed5ea25c3cc3d3";
    vec![
        publish(sample, &[]),
        publish(sample, &["--dry-run"]),
        [&["package", "create", "--object-key", "upgrade.bin"], &PACKAGE[..]].concat(),
        vec!["package", "list", "--type", "firmware"],
        vec!["package", "show", id],
        vec!["package", "delete", id],
        vec!["package", "delete", id, "--with-object"],
        vec!["package", "verify", id, sample],
        vec!["manifest", "init"],
        vec!["manifest", "check"],
        vec!["manifest", "schema"],
        vec!["auth", "status"],
        vec!["auth", "login", "--username", "fake-user", "--domain", "fake-domain", "--password-stdin"],
        vec!["auth", "logout"],
        vec!["emulator", "--in-memory", "--identities", "identities.toml"],
        vec!["completions", "bash"],
        vec!["package", "wrong"],
        vec!["auth", "login", "--password=planted-argument"],
    ]
}

/// The commands that the help knows, without those that only have others below them.
fn known(home: &Home, above: &[&str], found: &mut Vec<String>) {
    let help = home.run(&[above, &["--help"]].concat()).succeeded().stdout;
    let below = help.split_once("\nCommands:\n").map(|(_, rest)| rest.split("\n\n").next().unwrap().to_owned());
    let Some(below) = below else { return found.push(above.join(" ")) };
    for line in below.lines() {
        let name = line.split_whitespace().next().unwrap();
        // Lines that go on with the text of the one before are indented further.
        if line.starts_with("  ") && !line.starts_with("   ") {
            known(home, &[above, &[name]].concat(), found);
        }
    }
}

/// A home with secrets in every file that may hold some.
fn planted() -> Home {
    let home = Home::new();
    fs::create_dir(home.path("state")).unwrap();
    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let login = r#"{"token":"planted-login","expires_at":"2099-01-01T00:00:00Z","project_id":null,"region":null}"#;
    home.file("state/login.json", login);
    home.file(".huaweicloud/credentials", "[basic]\nak = FAKE\nsk = planted-file\nsecurity_token = planted-token\n");
    home.file("identity-token", "planted-federated\n");
    home.file("pod-token", "planted-pod\n");
    home.file("identities.toml", "[[user]]\nname = 'u'\npassword = 'planted-password'\ndomain = 5\n");
    home
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn shows_nothing(run: &Run, what: &dyn std::fmt::Debug) {
    let shown = format!("{}{}", run.stdout, run.stderr);
    // The second one is the end of what begins with `pla"`.
    assert!(!shown.contains("planted") && !shown.contains("nted-tok"), "{what:?}: {shown}");
}

#[test]
fn every_command_is_among_those_that_are_tried() {
    let mut found = Vec::new();
    known(&Home::new(), &[], &mut found);
    assert!(found.len() > 8, "{found:?}");
    for name in found {
        let tried = commands("sample.bin").iter().any(|command| command.join(" ").starts_with(&name));
        assert!(tried, "{name} is not tried with planted secrets");
    }
}

#[test]
fn no_command_shows_a_secret_whatever_the_service_says() {
    let sample = sample();
    let stubs = [echo("400 Bad Request"), echo("401 Unauthorized"), echo("201 Created")];
    for (endpoint, set) in stubs.iter().flat_map(|stub| SETS.map(|set| (stub.endpoint.as_str(), set))) {
        let here = |(name, value): &(_, _)| (*name, if *value == SERVICE { endpoint } else { *value });
        let set: Vec<_> = set.iter().map(here).collect();
        for arguments in commands(&sample) {
            let home = planted();
            for flags in [["--verbose", "--format=text"], ["--verbose", "--format=json"]] {
                let arguments = [&arguments[..], &flags].concat();
                let run = home.run_with(&arguments, &[&place(endpoint)[..], &set].concat());
                shows_nothing(&run, &(&arguments, &set));
            }
        }
    }
    for stub in &stubs {
        let home = planted();
        for format in ["--format=text", "--format=json"] {
            let flags = ["--password-stdin", "--verbose", format];
            let run = login(&home, &place(&stub.endpoint), "pass\\\"word planted-typed é\n", &flags);
            shows_nothing(&run, &flags);
        }
        let kept = files(&home.path("state")).into_iter().map(|file| fs::read_to_string(file).unwrap());
        assert!(kept.into_iter().all(|text| !text.contains("planted-typed")));
    }
    // The stubs did get what was hidden.
    let sent: Vec<_> = stubs.iter().flat_map(|stub| stub.requests.try_iter()).collect();
    for secret in [
        "planted-token",
        "nted-tok",
        "cd planted",
        "security\\token%22",
        "planted-identity",
        "planted-federated",
        "planted-pod",
        "planted-typed",
    ] {
        assert!(sent.iter().any(|request| request.contains(secret)), "{secret}");
    }
    // What only signs does not leave this machine.
    assert!(!sent.iter().any(|request| request.contains("planted-secret") || request.contains("planted-file")));
}

#[test]
fn the_cached_login_is_sent_and_never_shown() {
    let home = planted();
    fs::remove_file(home.path(".huaweicloud/credentials")).unwrap();
    let stub = echo("403 Forbidden");
    for command in [["auth", "status", "-v"], ["package", "list", "--type=firmware"]] {
        shows_nothing(&home.run_with(&command, &place(&stub.endpoint)), &command);
    }
    assert!(stub.requests.try_iter().any(|request| request.contains("planted-login")));
}

#[test]
fn a_password_is_kept_nowhere_and_a_token_only_in_the_login() {
    let (home, sample, instance) = (Home::new(), sample(), Instance::start(InstanceKind::Any));
    let variables = [&instance.place()[..], &[("IOTDA_OTA_STATE_DIR", "state")]].concat();
    for more in [["--verbose", "--format=text"], ["--verbose", "--format=json"]] {
        let flags = [&["--password-stdin"], &more[..]].concat();
        let run = login(&home, &variables, "emulator-password\n", &flags).succeeded();
        let shown = format!("{}{}", run.stdout, run.stderr);
        assert!(!shown.contains("emulator-password"), "{shown}");
    }
    let kept = fs::read_to_string(home.path("state/login.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let token = kept["token"].as_str().unwrap();
    for arguments in [publish(&sample, &["-v"]), vec!["auth", "status", "-v", "--format", "json"]] {
        let run = home.run_with(&arguments, &variables).succeeded();
        assert!(!format!("{}{}", run.stdout, run.stderr).contains(token), "{}", run.stderr);
    }
    let mut with_token = Vec::new();
    for file in files(&home.path(".")) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!text.contains("emulator-password"), "{}", file.display());
        if text.contains(token) {
            with_token.push(file.file_name().unwrap().to_owned());
        }
    }
    assert_eq!(with_token, ["login.json"]);
}

#[test]
fn no_snapshot_holds_a_secret() {
    let instance = Instance::start(InstanceKind::Any);
    let emulator = &instance.emulator;
    // The last two are those with which the other suites speak to their stubs.
    let secrets =
        ["planted", emulator.password(), emulator.secret_access_key(), emulator.token(), "fake-token", "fake-secret"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seen = 0;
    for file in ["tests", "crates"].iter().flat_map(|folder| files(&root.join(folder))) {
        if file.extension().is_some_and(|extension| extension == "snap") {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen > 100, "only {seen} snapshots were found");
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
    let run = home.run_with(&publish(&sample, &["--verbose"]), &variables).failed(6);
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
