//! Programs that are run to their end, and the cores that they run on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Failure, cargo};

/// What a program reported of one run; what its system does not tell is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    pub(super) seconds: f64,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) peak_bytes: Option<f64>,
    /// The program's own figures.
    pub(super) own: Value,
}

impl Used {
    /// One of the program's own numbers.
    pub(super) fn own(&self, name: &str) -> Option<f64> {
        self.own[name].as_f64()
    }

    /// How often something was done in a second.
    pub(super) fn rate(&self, name: &str) -> Option<f64> {
        Some(self.own(name)? / self.seconds)
    }

    /// Seconds of the processor for each time that something was done.
    pub(super) fn cpu_each(&self, name: &str) -> Option<f64> {
        Some(self.cpu_seconds? / self.own(name)?)
    }
}

/// Builds the load programs and the command, optimized, and returns the folder they are in.
pub(super) fn build(root: &Path) -> Result<PathBuf, Failure> {
    super::progress("building the programs");
    let output = plain_cargo()
        .args(["build", "--release", "--locked", "--package", "iotda-ota-bench", "--package", "iotda-ota-cli"])
        .args(cargo::MESSAGES)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the programs cannot be built".into());
    }
    Ok(cargo::executable(output.stdout)?.parent().ok_or("cargo named no folder")?.to_owned())
}

/// Cargo, without what the caller's environment would change about what it builds. Proxies stay: it may have to download.
pub(super) fn plain_cargo() -> Command {
    let mut command = cargo::command();
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PROFILE") || (text.starts_with("CARGO_BUILD_") && text != "CARGO_BUILD_JOBS") {
            command.env_remove(&name);
        }
    }
    for name in ["CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL", "RUSTC"] {
        command.env_remove(name);
    }
    // Empty and not removed: only so do they also go before the user's configuration file.
    for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env(name, "");
    }
    command
}

/// A command through `spawn`, which keeps account of it and of all that it starts.
pub(super) fn through(spawn: PathBuf, command: &Command) -> Command {
    let mut through = Command::new(spawn);
    through.arg("1").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => through.env(name, value),
            None => through.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        through.current_dir(folder);
    }
    through
}

/// Runs a program to its end and reads what it reports on the last line.
pub(super) fn run(command: &mut Command) -> Result<Used, Failure> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // The reason is mostly last, and a report is no place for a whole log.
        let said: Vec<&str> = said.lines().rev().filter(|line| !line.trim().is_empty()).take(4).collect();
        let said = said.into_iter().rev().map(shortened).collect::<Vec<_>>().join("; ");
        return Err(format!("{} ended with {}: {said}", shown(command), output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().unwrap_or_default();
    let own: Value = serde_json::from_str(line).map_err(|error| format!("{}: {error} in {line:?}", shown(command)))?;
    Ok(Used {
        seconds: own["seconds"].as_f64().ok_or_else(|| format!("{}: no seconds in {line:?}", shown(command)))?,
        cpu_seconds: own["cpu_seconds"].as_f64(),
        peak_bytes: own["peak_bytes"].as_f64(),
        own,
    })
}

/// A line without its middle if it is long, such as one with all arguments of a compiler: the reason is at an end.
fn shortened(line: &str) -> String {
    const KEPT: usize = 100;
    let characters: Vec<char> = line.chars().collect();
    match characters.len() {
        length if length > 2 * KEPT => {
            let text = |part: &[char]| part.iter().collect::<String>();
            format!("{} … {}", text(&characters[..KEPT]), text(&characters[length - KEPT..]))
        }
        _ => line.to_owned(),
    }
}

/// The program that a command is about.
pub(super) fn shown(command: &Command) -> String {
    let program = [command.get_program()].into_iter().chain(command.get_args());
    // `taskset --cpu-list N PROGRAM` is about the program.
    let at = if command.get_program() == "taskset" { 3 } else { 0 };
    let program = program.map(Path::new).nth(at).and_then(Path::file_name);
    program.unwrap_or_default().to_string_lossy().into_owned()
}

/// Who runs on which core.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Server,
    Caller,
}

/// Two cores to bind programs to, or why nothing is bound.
#[derive(Debug)]
pub(super) struct Cores(Result<[u32; 2], &'static str>);

impl Cores {
    /// The first two that this process may use.
    pub(super) fn find() -> Self {
        let has_taskset = Command::new("taskset").arg("--version").output().is_ok_and(|output| output.status.success());
        if !has_taskset {
            return Self(Err("there is no taskset here (package util-linux of Debian and Ubuntu)"));
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
        match allowed(list).as_slice() {
            [first, second, ..] => Self(Ok([*first, *second])),
            _ => Self(Err("fewer than two cores may be used here")),
        }
    }

    /// Why nothing is bound.
    pub(super) fn missing(&self) -> Option<&'static str> {
        self.0.err()
    }

    /// What goes before a program to bind it.
    pub(super) fn prefix(&self, side: Side) -> Option<[String; 3]> {
        let core = self.0.ok()?[side as usize];
        Some(["taskset".to_owned(), "--cpu-list".to_owned(), core.to_string()])
    }
}

/// The cores of a list such as `0-3,8`.
fn allowed(list: &str) -> Vec<u32> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_both_its_ends() {
        let line = format!("begin{}end", "ä".repeat(300));
        let short = shortened(&line);
        assert!(short.starts_with("begin") && short.ends_with("end") && short.chars().count() == 203, "{short}");
        assert_eq!(shortened("short"), "short");
    }

    #[test]
    fn a_list_of_cores_is_read_with_its_ranges() {
        assert_eq!(allowed("\t0-2,8,10-11\n"), [0, 1, 2, 8, 10, 11]);
        assert_eq!(allowed("5"), [5]);
        assert!(allowed("").is_empty());
    }
}
