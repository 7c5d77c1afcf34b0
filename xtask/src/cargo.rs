//! What the other commands ask of Cargo: where built things go, and our command, built.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::Failure;

/// Makes the emulator check each of its answers against the document.
const CHECK_ANSWERS: &str = "iotda-ota-emulator/check-answers";

/// The folder below which everything is built, `target` unless it is set otherwise.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf, Failure> {
    let output = run(root, &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(PathBuf::from(folder))
}

/// Builds the command `iotda-ota`, with an emulator that checks its answers, and says where it is.
pub(crate) fn build_command(root: &Path) -> Result<PathBuf, Failure> {
    let build = ["build", "--locked", "--package", "iotda-ota-cli", "--bin", "iotda-ota", "--features", CHECK_ANSWERS];
    let output = run(root, &[&build[..], &["--message-format", "json-render-diagnostics"]].concat())?;
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message["target"]["name"] == "iotda-ota";
        ours.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    Ok(executable.ok_or("cargo build made no executable iotda-ota")?)
}

/// Cargo, without what it tells this package of itself.
pub(crate) fn command() -> Command {
    // Cargo names itself to what it runs.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        // It also describes this package to it. Build scripts that look at that would be run again, and what depends on
        // them built again, each time that Cargo is called from here and from a shell in turns.
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// Runs Cargo; what it says to people goes to standard error.
fn run(root: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    let output = command().args(arguments).current_dir(root).stderr(Stdio::inherit()).output()?;
    match output.status.success() {
        true => Ok(output),
        false => Err(format!("cargo {} ended with {}", arguments.join(" "), output.status).into()),
    }
}
