//! What others are measured beside: installed below `target/` from the package registries, or left out by name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Name, progress};
use crate::python::Python;
use crate::{Failure, cargo};

/// Pinned, so that two reports speak of the same peers.
const NODE: [&str; 2] = ["@stoplight/prism-cli@5.16.0", "wiremock@3.13.2"];

/// What a section says when a peer cannot be had.
pub(super) const LEFT_OUT_SDK: &str =
    "Left out: the official Python SDK. Python with venv, or the package registry, is not here.";

/// The peers that could be had.
#[derive(Debug, Default)]
pub(super) struct Peers {
    /// A Python with the official SDKs.
    pub(super) python: Option<PathBuf>,
    /// The script of Prism, for node.
    pub(super) prism: Option<PathBuf>,
    /// The archive of WireMock, for java.
    pub(super) wiremock: Option<PathBuf>,
}

impl Peers {
    /// Installs what the named benchmarks need.
    pub(super) fn find(root: &Path, names: &[Name]) -> Self {
        let folder = root.join("target/bench/peers");
        let needs = |any: &[Name]| names.iter().any(|name| any.contains(name));
        let mut peers = Self::default();
        if needs(&[Name::Call, Name::Publish, Name::Start]) {
            peers.python = found("the official Python SDKs", python(root));
        }
        if needs(&[Name::Emulator]) {
            let installed = found("Prism and WireMock", node(&folder)).is_some();
            let prism = folder.join("node_modules/@stoplight/prism-cli/dist/index.js");
            let jar = folder.join("node_modules/wiremock/dist/wiremock-standalone.jar");
            peers.prism = (installed && prism.exists()).then_some(prism);
            peers.wiremock = (installed && runs("java", "-version")).then(|| jar_below(&folder).unwrap_or(jar));
        }
        peers
    }
}

fn found<T>(what: &str, result: Result<T, Failure>) -> Option<T> {
    result.map_err(|error| progress(&format!("left out: {what}: {error}"))).ok()
}

/// The official SDKs are those that the interop suite runs.
fn python(root: &Path) -> Result<PathBuf, Failure> {
    let folder = cargo::target_folder(root)?.join("interop");
    Ok(Python::ready(root, "interop", &folder, &mut std::io::stderr())?.program("python"))
}

fn node(folder: &Path) -> Result<(), Failure> {
    let complete = folder.join("node_modules/complete");
    if !complete.exists() {
        progress("installing Prism and WireMock");
        fs::create_dir_all(folder)?;
        let install = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"];
        quietly(Command::new("npm").args(install).arg(folder).args(NODE))?;
        fs::write(complete, "")?;
    }
    Ok(())
}

/// The archive in WireMock's package, whose name has its version.
fn jar_below(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.join("node_modules/wiremock")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jar") {
                return Some(path);
            }
        }
    }
    None
}

fn runs(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}

fn quietly(command: &mut Command) -> Result<(), Failure> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("it failed without a word").to_owned().into())
}
