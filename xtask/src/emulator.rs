//! A running emulator, and commands that know it and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::announced::{PATIENCE, until_ready};
use crate::environment::isolated;

/// What makes an emulator of our command, on ports that nobody else has.
pub(crate) const ON_FREE_PORTS: [&str; 5] = ["emulator", "--listen", "127.0.0.1:0", "--obs-listen", "127.0.0.1:0"];

/// How long an emulator may take to stop.
const END: Duration = Duration::from_secs(10);

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
        let mut start = isolated(command, &home);
        start.args(ON_FREE_PORTS).args(["--quiet", "--in-memory", "--stop-with-stdin"]).args(flags);
        let mut child = start.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        // From here on it stops with this value.
        let mut emulator = Self { child, home, variables: BTreeMap::new() };
        emulator.variables = until_ready("the emulator", stdout, PATIENCE)?;
        Ok(emulator)
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
            None => Err(format!("the emulator did not stop within {END:?}").into()),
        }
    }

    /// Lets it end, and waits for that as long as it is patient.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while start.elapsed() < END {
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
