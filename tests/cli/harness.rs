//! Starting the binary in a clean environment, and taking its output.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home of its own, in which commands run.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A path below it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file below it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The command with these arguments, in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iotda-ota"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null()).env_clear();
        for name in ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"] {
            command.env(name, self.0.path());
        }
        // Tests speak to this machine only.
        command.env("IOTDA_OTA_METADATA", "off");
        command
    }

    /// Runs it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs it with some variables.
    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        Run::new(&command.output().unwrap(), self.0.path())
    }

    /// Runs it on the emulator inside the process.
    pub(crate) fn emulated(&self, arguments: &[&str]) -> Run {
        self.run(&[&["--emulator"], arguments].concat())
    }

    /// Runs it with a service at which nothing listens; with credentials, so that only the request can be wrong.
    pub(crate) fn nowhere(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &service("http://127.0.0.1:9"))
    }
}

#[cfg(unix)]
impl Home {
    /// Runs it as somebody to whom things can be closed: as this user, or as nobody if this is the superuser.
    ///
    /// `None` if nobody cannot start the binary, because it lies below a folder that is closed to others.
    pub(crate) fn ordinary(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Option<Run> {
        use std::os::unix::fs::{PermissionsExt, chown};
        use std::os::unix::process::CommandExt;

        const NOBODY: u32 = 65534;
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        let probe = self.file("probe", "");
        std::fs::set_permissions(&probe, std::fs::Permissions::from_mode(0o000)).unwrap();
        if std::fs::File::open(&probe).is_ok() {
            chown(self.0.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        match command.output() {
            Ok(output) => Some(Run::new(&output, self.0.path())),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => None,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The variables that lead to a service.
pub(crate) fn service(endpoint: &str) -> [(&'static str, &str); 8] {
    [
        ("IOTDA_OTA_ENDPOINT", endpoint),
        ("IOTDA_OTA_OBS_ENDPOINT", endpoint),
        ("IOTDA_OTA_REGION", "test-region-1"),
        ("IOTDA_OTA_BUCKET", "test-bucket"),
        ("HUAWEICLOUD_SDK_PROJECT_ID", "test-project"),
        ("HUAWEICLOUD_SDK_AK", "FAKE-ACCESS-KEY"),
        ("HUAWEICLOUD_SDK_SK", "fake-secret-key"),
        ("IOTDA_OTA_TOKEN", "fake-token"),
    ]
}

/// The firmware file that the repository ships.
pub(crate) fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/firmware/sample.bin").display().to_string()
}

/// A file of several parts, no two of which are alike.
pub(crate) fn large(home: &Home, parts: usize) -> String {
    let mut state = 1_u32;
    let mut content = Vec::with_capacity(parts << 23);
    while content.len() < (parts << 23) - 1000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.extend_from_slice(&state.to_le_bytes());
    }
    home.file("large.bin", content).display().to_string()
}

/// The flags that every package needs.
pub(crate) const PACKAGE: [&str; 8] =
    ["--app-id", "my-app", "--product-id", "my-product", "--version", "2.0", "--type", "firmware"];

/// `package publish` of a file as that package, with more flags.
pub(crate) fn publish<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["package", "publish", file], &PACKAGE[..], more].concat()
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    home: PathBuf,
}

impl Run {
    pub(crate) fn new(output: &Output, home: &Path) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
            home: home.to_owned(),
        }
    }

    /// Passes it on if it succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    /// Passes it on if it failed with this code and printed no result.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert_eq!(self.stdout, "");
        self
    }

    /// The document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// The lines of JSON on standard error.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stderr.lines().map(parse).collect()
    }

    /// The error line, which has to be the last.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let last = self.lines().pop().unwrap_or_default();
        assert_eq!(last["type"], "error", "{}", self.stderr);
        last
    }

    /// Everything that was printed, for a snapshot.
    pub(crate) fn picture(&self) -> String {
        let code = self.code.map_or("none".to_owned(), |code| code.to_string());
        let mut picture = format!("exit code {code}\n");
        for (name, text) in [("standard output", &self.stdout), ("standard error", &self.stderr)] {
            if !text.is_empty() {
                picture.push_str(&format!("--- {name}\n{}", self.without_folders(text)));
            }
        }
        picture
    }

    fn without_folders(&self, text: &str) -> String {
        let mut text = text.replace(&self.home.display().to_string(), "[home]");
        // A system may give the same folder a longer name.
        if let Ok(real) = self.home.canonicalize() {
            text = text.replace(&real.display().to_string(), "[home]");
        }
        text
    }
}

/// Compares a picture with the snapshot of that name, whatever the ports, ids and times are.
macro_rules! assert_picture {
    ($name:expr, $run:expr) => {
        insta::with_settings!({
            filters => vec![
                (r"127\.0\.0\.1:[1-9]\d{4}", "127.0.0.1:[port]"),
                (r"\b[0-9a-f]{32}\b", "[id]"),
                (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[time]"),
                (r"\b\d{8}T\d{6}Z", "[time]"),
                (r"\bin \d+ ms\b", "in [n] ms"),
                (r"[+-]\d+ s\b", "[n] s"),
                (r#""clock_difference_seconds": -?\d+"#, r#""clock_difference_seconds": [n]"#),
                // A token is base64 for addresses, so its end may be a hyphen.
                (r"\btoken …[\w-]{4}", "token …[end]"),
                (r"\bprocess \d+\b", "process [n]"),
                (r"\[home\]/(\.local/share|Library/Application Support)", "[data]"),
            ],
            omit_expression => true,
            prepend_module_to_snapshot => false,
        }, {
            insta::assert_snapshot!($name, $run.picture());
        });
    };
}

pub(crate) use assert_picture;
