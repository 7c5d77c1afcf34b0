//! A running emulator, and commands that know it and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::environment::isolated;

/// How long an emulator may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// An emulator on free ports that keeps nothing.
///
/// It stops when its standard input ends: when this value is dropped, and also when this process ends in any other way.
pub(crate) struct Emulator {
    child: Child,
    home: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Emulator {
    /// Starts the emulator of `command` and waits until it is ready; `folder` is the suite's below the target folder.
    pub(crate) fn start(command: &Path, flags: &[&str], folder: &Path) -> Result<Self, Failure> {
        let home = folder.join("home");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let place = ["--listen", "127.0.0.1:0", "--obs-listen", "127.0.0.1:0", "--in-memory", "--stop-with-stdin"];
        let mut start = isolated(command, &home);
        start.args(["emulator", "--quiet"]).args(place).args(flags);
        let mut child = start.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take();
        let mut emulator = Self { child, home, variables: BTreeMap::new() };
        for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            let line = line?;
            if line == "ready" {
                return Ok(emulator);
            }
            // What stands behind a # is for people.
            if line.starts_with('#') {
                continue;
            }
            let variable = line.strip_prefix("export ").and_then(|line| line.split_once('='));
            let (name, value) = variable.ok_or_else(|| format!("the emulator printed {line:?}"))?;
            emulator.variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        Err("the emulator ended before it was ready".into())
    }

    /// A command whose environment names this emulator, and no other service or user.
    pub(crate) fn client(&self, program: &Path) -> Command {
        let mut command = isolated(program, &self.home);
        command.envs(&self.variables);
        command
    }

    /// The empty folder that stands in for the user's.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A variable that the emulator printed.
    pub(crate) fn variable(&self, name: &str) -> Result<&str, Failure> {
        Ok(self.variables.get(name).ok_or_else(|| format!("the emulator printed no {name}"))?)
    }

    /// Stops it. A failure is one of its own: it panics in the end when one of its answers was not as the document says.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        match self.end() {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("the emulator ended with {status}; what it said is above").into()),
            None => Err(format!("the emulator did not stop within {PATIENCE:?}").into()),
        }
    }

    /// Lets it end, and waits for that as long as it is patient.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Ok(status) => return status,
                // There is nothing to wait for.
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if self.end().is_none() {
            // It may have ended in this moment.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
