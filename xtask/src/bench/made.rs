//! How figures were made: when, on which machine, from which state of the tree, by which command, beside which peers.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// One run of `cargo xtask bench`.
#[derive(Debug)]
pub(super) struct Made {
    line: String,
    json: Value,
}

impl Made {
    /// Of this run.
    pub(super) fn now(root: &Path, command: &str, peers: &[String]) -> Self {
        let said = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).current_dir(root).output().ok()?;
            let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
            output.status.success().then_some(text)
        };
        let date = said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "unknown day".to_owned());
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let system = said("uname", &["-sr"]).unwrap_or_else(|| std::env::consts::OS.to_owned());
        let rustc = said("rustc", &["--version"]).unwrap_or_else(|| "unknown rustc".to_owned());
        let commit = said("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
        let is_dirty = said("git", &["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
        let memory = memory_bytes();
        let (processor, dirty) = (processor(), if is_dirty { ", dirty" } else { "" });
        let shown = memory.map(|bytes| format!("{:.0} GiB of memory, ", bytes as f64 / f64::from(1 << 30)));
        let mut line = format!(
            "Made on {date} by `{command}`, commit {commit}{dirty}: {processor}, {cores} cores, {}{system}, {rustc}.",
            shown.unwrap_or_default()
        );
        if !peers.is_empty() {
            line.push_str(&format!(" Peers: {}.", peers.join(", ")));
        }
        let json = json!({
            "date": date, "command": command, "commit": commit, "dirty": is_dirty, "processor": processor,
            "cores": cores, "memory_bytes": memory, "system": system, "rustc": rustc, "peers": peers, "line": line,
        });
        Self { line, json }
    }

    /// For people.
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// For programs; the line is in it.
    pub(super) fn json(&self) -> &Value {
        &self.json
    }
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map(|model| model.trim_start_matches([' ', '\t', ':']).to_owned());
    model.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn memory_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib: u64 =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
