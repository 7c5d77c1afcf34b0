//! Python for the suites that are written in it: a virtual environment below the target folder, with pinned packages.
//!
//! A suite is a folder of `tests/`. The file `requirements.txt` in there has every package with its version and hashes,
//! and the environment is made anew when that file changes. Cargo alone never needs Python.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// The names under which Python is looked for.
const NAMES: [&str; 2] = ["python3", "python"];

/// Succeeds where Python is new enough and can make virtual environments.
const PROBE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

const MISSING: &str = "no Python 3.11 or newer with its module venv is on the path. Install it (the packages python3 and \
                       python3-venv of Debian and Ubuntu) and repeat the command";

/// The Python of one suite.
pub(crate) struct Python {
    environment: PathBuf,
}

impl Python {
    /// Makes the environment of a suite, unless it is there; `folder` is the suite's below the target folder.
    pub(crate) fn ready(root: &Path, suite: &str, folder: &Path, out: &mut dyn Write) -> Result<Self, Failure> {
        let requirements = root.join("tests").join(suite).join("requirements.txt");
        let wanted = fs::read_to_string(&requirements)?;
        let python = Self { environment: folder.join("venv") };
        // The copy is written last, so that an interrupted installation is not taken for a complete one.
        let installed = python.environment.join("requirements.txt");
        let complete = fs::read_to_string(&installed).is_ok_and(|text| text == wanted);
        // The environment only points at the Python of the system, which may have been replaced.
        if complete && python.program("python").exists() {
            return Ok(python);
        }
        let system = system_python()?;
        writeln!(out, "installing the packages of tests/{suite}/requirements.txt")?;
        if python.environment.exists() {
            fs::remove_dir_all(&python.environment)?;
        }
        succeed(Command::new(system).args(["-m", "venv"]).arg(&python.environment))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"];
        succeed(Command::new(python.program("python")).args(install).arg(&requirements))?;
        fs::write(installed, wanted)?;
        Ok(python)
    }

    /// A program of the environment: `python`, or one that a package brings.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        match cfg!(windows) {
            true => self.environment.join("Scripts").join(format!("{name}.exe")),
            false => self.environment.join("bin").join(name),
        }
    }
}

/// The first Python that can be used.
fn system_python() -> Result<&'static str, Failure> {
    let usable = |name: &&&str| {
        let probe = Command::new(name).args(["-c", PROBE]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    NAMES.iter().find(usable).copied().ok_or_else(|| MISSING.into())
}

fn succeed(command: &mut Command) -> Result<(), Failure> {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{} ended with {status}", command.get_program().display()).into()),
    }
}
