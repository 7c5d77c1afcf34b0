//! `build`: a clean release build of a small application, with this library and with others.
//!
//! The applications are written below `target/bench/build` and do the same work: make a client from the environment and
//! ask for one page. Each is built from nothing, with dependencies that are downloaded already.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::figures::{Figure, Goal, Row, Section, Unit};
use super::{Bench, progress};
use crate::Failure;

/// One application.
struct Application {
    name: &'static str,
    folder: PathBuf,
    seconds: Vec<f64>,
    crates: f64,
    bytes: f64,
}

pub(super) fn run(bench: &Bench) -> Result<Section, Failure> {
    let mut section = Section::new(
        "build",
        "Clean release builds of an application that lists once: with this library, with the generated client alone, and \
         with `aws-sdk-iot`. Default profile, stripped.",
    );
    let base = bench.folder("build")?;
    let mut applications = Vec::new();
    for name in ["ours", "bare", "aws"] {
        match prepare(&bench.root, &base, name) {
            Ok(application) => applications.push(application),
            Err(error) => section.notes.push(format!("Left out: {name}. {error}")),
        }
    }
    for round in 0..bench.pick(3, 1) {
        for application in &mut applications {
            progress(&format!("build {} ({})", application.name, round + 1));
            application.build()?;
        }
    }
    let [ours, others @ ..] = applications.as_slice() else { return Ok(section) };
    for other in others {
        let (name, seconds) = (other.title(), Unit::Seconds);
        let time = Row::beside("clean build", seconds, &ours.seconds, name, &other.seconds);
        let size = Row::beside("binary", Unit::Bytes, &[ours.bytes], name, &[other.bytes]);
        let crates = Row::beside("crates", Unit::Count, &[ours.crates], name, &[other.crates]);
        if other.name == "aws" {
            section.rows.extend([time.goal(Goal::AtMost(0.5)), size.goal(Goal::AtMost(2.0 / 3.0)), crates]);
        } else {
            section.rows.extend([time, size, crates]);
            let more = Figure::of(&[ours.crates - other.crates], Unit::Count);
            section.rows.push(Row::alone("crates more than the bare client", more).goal(Goal::AtMost(25.0)));
        }
    }
    Ok(section)
}

impl Application {
    fn title(&self) -> &'static str {
        match self.name {
            "aws" => "aws-sdk-iot",
            "bare" => "bare client",
            name => name,
        }
    }

    fn build(&mut self) -> Result<(), Failure> {
        let target = self.folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let started = Instant::now();
        let status = cargo(&self.folder, &["build", "--release", "--quiet", "--locked", "--offline"]).status()?;
        if !status.success() {
            return Err(format!("{} cannot be built", self.name).into());
        }
        self.seconds.push(started.elapsed().as_secs_f64());
        let program = target.join(format!("release/application{}", std::env::consts::EXE_SUFFIX));
        self.bytes = fs::metadata(program)?.len() as f64;
        fs::remove_dir_all(&target)?;
        Ok(())
    }
}

/// Writes an application and fetches what it needs.
fn prepare(root: &Path, base: &Path, name: &'static str) -> Result<Application, Failure> {
    let folder = base.join(name);
    fs::create_dir_all(folder.join("src"))?;
    let templates = root.join("tests/bench/applications");
    let manifest = fs::read_to_string(templates.join(format!("{name}.toml")))?;
    // A Windows path would end the text in the manifest.
    let workspace = root.to_string_lossy().replace('\\', "/");
    fs::write(folder.join("Cargo.toml"), manifest.replace("{workspace}", &workspace))?;
    fs::copy(templates.join(format!("{name}.rs")), folder.join("src/main.rs"))?;
    // The same versions that this repository is tested with, where they are shared.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let output = cargo(&folder, &["fetch", "--quiet"]).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned().into());
    }
    let tree = cargo(&folder, &["tree", "--offline", "--edges", "normal", "--prefix", "none"]).output()?;
    let tree = String::from_utf8(tree.stdout)?;
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    // The application itself is none of its dependencies.
    let crates = crates.len().saturating_sub(1) as f64;
    Ok(Application { name, folder, seconds: Vec::new(), crates, bytes: 0.0 })
}

/// Cargo, in a folder of its own and with a target folder of its own.
fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        // Settings of the caller's build, such as another target folder, are not the user's.
        let ours = name.to_string_lossy();
        if ours.starts_with("CARGO_PROFILE") || ours == "CARGO_TARGET_DIR" || ours == "CARGO_INCREMENTAL" {
            command.env_remove(&name);
        }
    }
    command
}
