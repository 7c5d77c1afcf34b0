//! `build`: a clean release build of a small application, with this library and with others.
//!
//! The applications are written below `target/bench/build` and do the same work: make a client from the environment and
//! ask for one page. Each is built from nothing, with dependencies that are downloaded already.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::figures::{Goal, Row, Section, Unit};
use super::process::{Used, plain_cargo, run as run_program, through};
use super::rounds::{Contestant, alternate_cold};
use super::{Bench, progress};
use crate::Failure;

/// One application.
struct Application {
    name: &'static str,
    folder: PathBuf,
    crates: f64,
    bytes: Cell<f64>,
}

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "build",
        "Clean release builds of an application that lists once: with this library, with the generated client alone, and \
         with `aws-sdk-iot`. Default profile, stripped; dependencies are downloaded before. There is no warm-up, because \
         every build begins with an empty target folder.",
    );
    let base = bench.folder("build")?;
    let ours = prepare(&bench.root, &base, "ours", "ours")?;
    let mut others = Vec::new();
    for (name, title) in [("bare", "bare client"), ("aws", "aws-sdk-iot")] {
        let application = prepare(&bench.root, &base, name, title);
        if let Err(error) = &application {
            section.left_out(title, error);
        }
        others.push((title, application.ok()));
    }
    let mut contestants = vec![Contestant::ours("ours", |round| ours.build(bench, round))];
    contestants.extend(others.iter().map(|(title, application)| match application {
        Some(application) => Contestant::peer(title, |round| application.build(bench, round)),
        None => Contestant::missing(title),
    }));
    section.notes.extend(alternate_cold(bench.pick(3, 1), &mut contestants)?);
    let [us, peers @ ..] = contestants.as_slice() else { return Ok(section) };
    for ((_, application), peer) in others.iter().zip(peers) {
        let cpu = |contestant: &Contestant<'_>| contestant.each(|used| used.cpu_seconds);
        let time = Row::beside("clean build", Unit::Seconds, &us.seconds(), peer.name, &peer.seconds());
        let processor = Row::beside("clean build: CPU", Unit::Seconds, &cpu(us), peer.name, &cpu(peer));
        let bytes = |contestant: &Contestant<'_>, of: Option<&Application>| {
            contestant.seconds().and(of).map(|of| vec![of.bytes.get()])
        };
        let (our_size, size) = (bytes(us, Some(&ours)), bytes(peer, application.as_ref()));
        let size = Row::beside("binary", Unit::Bytes, &our_size, peer.name, &size);
        let (our_crates, crates) = (Some(vec![ours.crates]), application.as_ref().map(|of| vec![of.crates]));
        let more = crates.as_ref().map(|crates| vec![ours.crates - crates[0]]);
        let crates = Row::beside("crates", Unit::Count, &our_crates, peer.name, &crates);
        if peer.name == "aws-sdk-iot" {
            section.judge(time, Goal::AtMost(0.5));
            section.add(processor);
            section.judge(size, Goal::AtMost(2.0 / 3.0));
            section.add(crates);
        } else {
            for row in [time, processor, size, crates] {
                section.add(row);
            }
            let what = format!("crates more than the {}", peer.name);
            section.judge(Row::alone(what, Unit::Count, &more), Goal::AtMost(25.0));
        }
    }
    Ok(section)
}

impl Application {
    fn build(&self, bench: &Bench, round: usize) -> Result<Used, Failure> {
        progress(&format!("build {} ({round})", self.name));
        let target = self.folder.join("target");
        super::empty(&target)?;
        let mut cargo =
            cargo(&self.folder, &["build", "--release", "--quiet", "--locked", "--offline", "--target-dir"]);
        cargo.arg(&target);
        let used = run_program(&mut through(bench.program("spawn"), &cargo))?;
        let program = target.join(format!("release/application{}", std::env::consts::EXE_SUFFIX));
        self.bytes.set(fs::metadata(program)?.len() as f64);
        fs::remove_dir_all(&target)?;
        Ok(used)
    }
}

/// Writes an application and fetches what it needs.
fn prepare(root: &Path, base: &Path, file: &str, name: &'static str) -> Result<Application, Failure> {
    let folder = base.join(file);
    fs::create_dir_all(folder.join("src"))?;
    let templates = root.join("tests/bench/applications");
    let manifest = fs::read_to_string(templates.join(format!("{file}.toml")))?;
    // A Windows path would end the text in the manifest.
    let workspace = root.to_string_lossy().replace('\\', "/");
    fs::write(folder.join("Cargo.toml"), manifest.replace("{workspace}", &workspace))?;
    fs::copy(templates.join(format!("{file}.rs")), folder.join("src/main.rs"))?;
    // The same versions that this repository is tested with, where they are shared.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    said(&mut cargo(&folder, &["fetch", "--quiet"]))
        .map_err(|error| format!("its dependencies cannot be fetched: {error}"))?;
    let tree = said(&mut cargo(&folder, &["tree", "--offline", "--edges", "normal", "--prefix", "none"]))
        .map_err(|error| format!("its dependencies cannot be listed: {error}"))?;
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    // The application itself is none of its dependencies.
    let crates = crates.len().saturating_sub(1) as f64;
    Ok(Application { name, folder, crates, bytes: Cell::new(0.0) })
}

/// What a program says on standard output; an error with the first lines of the other one if it fails.
fn said(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(4).collect();
    Err(said.join("; ").into())
}

/// Cargo in a folder, as a user would run it.
fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = plain_cargo();
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_cannot_say_is_an_error_and_not_nothing() {
        let empty = tempfile::tempdir().unwrap();
        let error = said(&mut cargo(empty.path(), &["tree", "--offline"])).unwrap_err().to_string();
        assert!(error.contains("Cargo.toml"), "{error}");
    }
}
