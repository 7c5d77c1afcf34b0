//! What the other commands ask of Cargo: where built things go, and our command, built.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::Failure;

/// For [`build_command`]: makes the emulator check each of its answers against the document.
pub(crate) const CHECK_ANSWERS: [&str; 2] = ["--features", "iotda-ota-emulator/check-answers"];

/// For [`build_command`]: with optimizations.
pub(crate) const RELEASE: [&str; 1] = ["--release"];

/// The folder below which everything is built, `target` unless it is set otherwise.
pub(crate) fn target_folder(root: &Path) -> Result<PathBuf, Failure> {
    let output = run(root, &["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    Ok(PathBuf::from(folder))
}

/// Builds the command `iotda-ota` with these flags, and says where it is.
pub(crate) fn build_command(root: &Path, flags: &[&str]) -> Result<PathBuf, Failure> {
    let build = ["build", "--locked", "--package", "iotda-ota-cli", "--bin", "iotda-ota"];
    let output = run(root, &[&build[..], flags, &MESSAGES].concat())?;
    executable(output.stdout)
}

/// Makes Cargo tell [`executable`] what it built.
pub(crate) const MESSAGES: [&str; 2] = ["--message-format", "json-render-diagnostics"];

/// Where Cargo put the command `iotda-ota`, whatever the environment made of the target folder.
pub(crate) fn executable(messages: Vec<u8>) -> Result<PathBuf, Failure> {
    let messages = String::from_utf8(messages)?;
    let executable = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let ours = message["target"]["name"] == "iotda-ota";
        ours.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    Ok(executable.ok_or("cargo build made no executable iotda-ota")?)
}

/// The Cargo that runs this.
pub(crate) fn command() -> Command {
    // Cargo names itself to what it runs.
    without_package(Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

/// The Cargo of a nightly compiler. Only the one of rustup knows of other compilers, and not the one that runs this.
pub(crate) fn nightly() -> Command {
    let mut cargo = without_package(Command::new("cargo"));
    cargo.env_remove("RUSTUP_TOOLCHAIN").arg("+nightly");
    cargo
}

/// Takes away what Cargo tells this package of itself.
fn without_package(mut cargo: Command) -> Command {
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
