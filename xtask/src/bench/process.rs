//! Programs that are run, and servers that run beside them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::PATIENCE;
use crate::Failure;

/// What a program reported of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: f64,
    pub(super) peak_bytes: f64,
    /// The program's own figures.
    pub(super) own: Value,
}

impl Used {
    /// One of the program's own numbers.
    pub(super) fn own(&self, name: &str) -> f64 {
        self.own[name].as_f64().unwrap_or(f64::NAN)
    }
}

/// Builds the load programs and the command, optimized, and returns the folder they are in.
pub(super) fn build(root: &Path) -> Result<PathBuf, Failure> {
    super::progress("building the programs");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "iotda-ota-bench", "--package", "iotda-ota-cli"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the programs cannot be built".into());
    }
    // Cargo says itself where it put them, whatever the environment made of the target folder.
    let text = String::from_utf8(output.stdout)?;
    let executable = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .ok_or("cargo named no program")?;
    Ok(executable.parent().ok_or("cargo named no folder")?.to_owned())
}

/// Runs a program to its end and reads what it reports on the last line.
pub(super) fn run(command: &mut Command) -> Result<Used, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} ended with {}: {}", shown(command), output.status, said.trim()).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().unwrap_or_default();
    let own: Value = serde_json::from_str(line).map_err(|error| format!("{}: {error} in {line:?}", shown(command)))?;
    let number = |name: &str| own[name].as_f64().ok_or_else(|| format!("{}: no {name}", shown(command)));
    Ok(Used {
        seconds: number("seconds")?,
        cpu_seconds: number("cpu_seconds")?,
        peak_bytes: number("peak_bytes")?,
        own,
    })
}

fn shown(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A command that is bound to one processor, where the system has a way to say so.
pub(super) fn pinned(processor: usize, program: impl AsRef<OsStr>) -> Command {
    let has_taskset = Command::new("taskset").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_taskset {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &processor.to_string()]).arg(program);
    command
}

/// A server that ends when this value goes.
pub(super) struct Server {
    child: Child,
    /// From start to the moment it could be used.
    pub(super) ready: Duration,
    /// What it printed as `export NAME='value'`, or its address as `URL`.
    pub(super) said: BTreeMap<String, String>,
}

impl Server {
    /// Starts a server that says on standard output when it is ready: `ready`, or its address alone.
    pub(super) fn start(command: &mut Command) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut server = Self { child, ready: Duration::ZERO, said: BTreeMap::new() };
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
                server.said.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            }
            let address = line.starts_with("http://");
            if address {
                server.said.insert("URL".to_owned(), line.clone());
            }
            if address || line == "ready" {
                server.ready = started.elapsed();
                return Ok(server);
            }
        }
        Err(format!("{} ended before it was ready", shown(command)).into())
    }

    /// Starts a server that says nothing; it is ready when `probe` succeeds.
    pub(super) fn start_silent(command: &mut Command, probe: impl Fn() -> bool) -> Result<Self, Failure> {
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { child, ready: Duration::ZERO, said: BTreeMap::new() };
        while !probe() {
            if started.elapsed() > PATIENCE || server.child.try_wait()?.is_some() {
                return Err(format!("{} did not become ready", shown(command)).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        server.ready = started.elapsed();
        Ok(server)
    }

    /// One of the values that it printed.
    pub(super) fn value(&self, name: &str) -> Result<&str, Failure> {
        self.said.get(name).map(String::as_str).ok_or_else(|| format!("the server did not print {name}").into())
    }

    /// Memory that is resident now, of the server and of the processes that it started.
    pub(super) fn resident_bytes(&self) -> f64 {
        self.family().iter().map(|process| status_bytes(*process, "VmRSS:")).sum()
    }

    /// The most memory that was resident, of all its processes.
    pub(super) fn peak_bytes(&self) -> f64 {
        self.family().iter().map(|process| status_bytes(*process, "VmHWM:")).sum()
    }

    /// Processor time used so far, of all its processes.
    pub(super) fn cpu_seconds(&self) -> f64 {
        self.family().iter().filter_map(|process| cpu_seconds(*process)).sum()
    }

    /// The process and all below it.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(process) = family.get(next).copied() {
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        family
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Those below it first; killing the parent alone would leave them.
        for process in self.family().into_iter().skip(1).rev() {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn status_bytes(process: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}

fn cpu_seconds(process: u32) -> Option<f64> {
    // Linux counts in hundredths of a second here, on every machine.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold blanks; what follows it does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / TICKS)
}
