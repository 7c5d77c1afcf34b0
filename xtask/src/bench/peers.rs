//! What others are measured beside: installed below `target/` from the package registries, or left out with the reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Name, progress};
use crate::python::Python;
use crate::{Failure, cargo};

/// Pinned, so that two reports speak of the same peers.
const NODE: [&str; 2] = ["@stoplight/prism-cli@5.16.0", "wiremock@3.13.2"];

/// The packages of the interop suite that are peers here.
const SDKS: [&str; 3] = ["huaweicloudsdkcore", "huaweicloudsdkiotda", "esdk-obs-python"];

/// A peer, or why it is not here and what to do about it.
type Peer<T> = Result<T, String>;

/// The peers of the benchmarks that are made; those of others are not looked for.
#[derive(Debug)]
pub(super) struct Peers {
    /// A Python with the official SDKs.
    pub(super) python: Peer<PathBuf>,
    /// The script of Prism, for node.
    pub(super) prism: Peer<PathBuf>,
    /// The archive of WireMock, for java.
    pub(super) wiremock: Peer<PathBuf>,
    /// A shell with what publishes by hand.
    pub(super) shell: Peer<()>,
    /// Which versions they are.
    pub(super) versions: Vec<String>,
}

impl Peers {
    /// Looks for what the named benchmarks need, and installs what can be.
    pub(super) fn find(root: &Path, names: &[Name]) -> Self {
        let needs = |any: &[Name]| names.iter().any(|name| any.contains(name));
        let unneeded = || "no benchmark that was asked for needs it".to_owned();
        let mut peers = Self {
            python: Err(unneeded()),
            prism: Err(unneeded()),
            wiremock: Err(unneeded()),
            shell: Err(unneeded()),
            versions: Vec::new(),
        };
        if needs(&[Name::Call, Name::Publish, Name::Start]) {
            peers.python = python(root, &mut peers.versions);
        }
        if needs(&[Name::Publish]) {
            peers.shell = shell(&mut peers.versions);
        }
        if needs(&[Name::Emulator]) {
            let folder = root.join("target/bench/peers");
            let installed = packages(&folder);
            peers.prism = installed.clone().and_then(|()| prism(&folder, &mut peers.versions));
            peers.wiremock = installed.and_then(|()| wiremock(&folder, &mut peers.versions));
        }
        peers
    }
}

/// The official SDKs are those that the interop suite runs.
fn python(root: &Path, versions: &mut Vec<String>) -> Peer<PathBuf> {
    let find = || -> Result<PathBuf, Failure> {
        let folder = cargo::target_folder(root)?.join("interop");
        Ok(Python::ready(root, "interop", &folder, &mut std::io::stderr())?.program("python"))
    };
    let python = find().map_err(|error| error.to_string())?;
    versions.push(probe(&python.to_string_lossy(), "--version", "")?);
    let pins = fs::read_to_string(root.join("tests/interop/requirements.txt")).unwrap_or_default();
    let pinned = pins.lines().filter_map(|line| line.split_whitespace().next()?.split_once("=="));
    versions.extend(pinned.filter(|(name, _)| SDKS.contains(name)).map(|(name, version)| format!("{name} {version}")));
    Ok(python)
}

fn shell(versions: &mut Vec<String>) -> Peer<()> {
    probe("sha256sum", "--version", "the package coreutils")?;
    versions.push(probe("openssl", "version", "the package openssl")?);
    versions.push(probe("curl", "--version", "the package curl")?);
    Ok(())
}

/// Installs the packages of npm, once for these versions.
fn packages(folder: &Path) -> Peer<()> {
    probe("npm", "--version", "the package npm")?;
    let complete = folder.join("node_modules/complete");
    if fs::read_to_string(&complete).is_ok_and(|text| text == NODE.join(" ")) {
        return Ok(());
    }
    progress("installing Prism and WireMock");
    install(folder).map_err(|error| format!("npm could not install {}: {error}", NODE.join(" and ")))?;
    fs::write(complete, NODE.join(" ")).map_err(|error| error.to_string())
}

fn install(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    let install = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"];
    let output = Command::new("npm").args(install).arg(folder).args(NODE).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    // Where its log is comes last and helps nobody.
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    Err(said.join("; ").into())
}

fn prism(folder: &Path, versions: &mut Vec<String>) -> Peer<PathBuf> {
    let node = probe("node", "--version", "the package nodejs")?;
    let script = folder.join("node_modules/@stoplight/prism-cli/dist/index.js");
    if !script.exists() {
        return Err(format!("its package has no {}", script.display()));
    }
    versions.push(format!("{} on node {node}", NODE[0]));
    Ok(script)
}

fn wiremock(folder: &Path, versions: &mut Vec<String>) -> Peer<PathBuf> {
    let java = probe("java", "-version", "the package default-jre-headless")?;
    let package = folder.join("node_modules/wiremock");
    let archive = archive_below(&package).ok_or_else(|| format!("its package {} has no .jar", package.display()))?;
    versions.push(format!("{} on {java}", NODE[1]));
    Ok(archive)
}

/// The archive in WireMock's package, whose name has its version.
fn archive_below(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
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

/// The first line that a program says of its version, or what to install.
fn probe(program: &str, argument: &str, package: &str) -> Peer<String> {
    let advice = format!("install {package} of Debian and Ubuntu, or what it is called here");
    let output = match Command::new(program).arg(argument).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return Err(format!("{program} cannot be run ({error}): {advice}")),
    };
    if !output.status.success() {
        return Err(format!("{program} {argument} ended with {}: {advice}", output.status));
    }
    // Java says it on standard error.
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let said = String::from_utf8_lossy(&said);
    // What follows in curl's line are the libraries in it.
    let line = said.lines().next().unwrap_or_default();
    Ok(line.split(" (").next().unwrap_or_default().trim().replace('"', ""))
}
