//! `cargo xtask bench`: what the product does for its users, beside what they would use instead.
//!
//! [`run`] builds the programs, makes the chosen benchmarks one after the other, prints a table for each and keeps them in
//! `target/bench/report.md` and `report.json` ([`report`]). One module per benchmark; [`rounds`] has the method that all
//! share: a warm-up that is thrown away, then rounds in which the contestants take turns, the median and the spread of
//! each, and the ratio within each round. What fails or is missing on the side of others is left out and said, with the goals
//! that are not measured for it; what fails on ours ends the command. Only programs are built and run here; the load programs are in `tests/bench`, whose README is
//! the page for readers.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::ValueEnum;

use crate::Failure;
use crate::emulator::ON_FREE_PORTS;
use crate::environment::isolated;

mod build;
mod call;
mod codegen;
mod emulator;
mod figures;
mod made;
mod peers;
mod process;
mod publish;
mod report;
mod rounds;
mod scale;
mod server;
mod start;

use figures::Section;
use made::Made;
use peers::Peers;
use process::{Cores, Side};
use report::Report;
use server::Server;

/// Packages of the emulator may name objects that are not there.
const NO_OBJECTS: &[&str] = &["--no-object-check"];

/// What `--help` says below the flags.
pub(crate) const HELP: &str = "\
A full run takes about forty minutes, half of it for the clean builds, and up to 8 GB below target/. Nothing else should \
run meanwhile. `--quick` takes a few minutes, ends with 0 whatever the goals, and writes report-quick.{md,json}.

What it needs, and leaves out by name where it is not here; goals beside it are not measured then, and a full run ends with 1:
  taskset, two cores        a core for servers and one for callers
  Python 3.11, venv, PyPI   the official Python SDKs
  node, npm, a JRE          Prism and WireMock
  curl, openssl, sha256sum  publishing by hand
  cargo's registry          aws-sdk-iot
Processor time and memory are known on Linux, in part on macOS.

A benchmark that is made alone replaces its own section of the report; how each was made stands above it. The page about \
all of this is tests/bench/README.md.";

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// Signed calls through the library, beside a hand-written client and the official Python SDK
    Call,
    /// Publishing a file, beside its parts and the scripts of today
    Publish,
    /// Start of the command, beside a Python script
    Start,
    /// The emulator, beside Prism and WireMock
    Emulator,
    /// The emulator and the library as things grow
    Scale,
    /// A clean build of an application, beside other clients
    Build,
    /// Code generation
    Codegen,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// What a benchmark needs to know.
struct Bench {
    root: PathBuf,
    /// An empty folder that stands in for the user's.
    home: PathBuf,
    /// Few and short rounds: to see that everything runs, not to believe the figures.
    quick: bool,
    /// The programs of `tests/bench` and the command.
    programs: PathBuf,
    peers: Peers,
    cores: Cores,
}

impl Bench {
    /// The first number in a full run, the second in a quick one.
    fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A program with nothing of the user's environment that would change its behavior.
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        isolated(program, &self.home)
    }

    /// The same on a core of its own, where there are two.
    fn on(&self, side: Side, program: impl AsRef<OsStr>) -> Command {
        let Some([taskset, flag, core]) = self.cores.prefix(side) else { return self.command(program) };
        let mut command = self.command(taskset);
        command.args([flag, core]).arg(program);
        command
    }

    /// Says in a section that speaks of cores if nothing is bound to one.
    fn note_cores(&self, section: &mut Section) {
        if let Some(reason) = self.cores.missing() {
            section.notes.push(format!("Nothing is bound to a core, because {reason}."));
        }
    }

    /// A program that finds a running emulator, and has to sign its requests with an access key.
    fn client(&self, emulator: &Server, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command(program);
        // With the token, which goes first, our side would not sign, and the others would.
        command.envs(emulator.said.iter().filter(|(name, _)| *name != "IOTDA_OTA_TOKEN"));
        command
    }

    /// Our emulator; what it keeps goes into this folder, or nowhere.
    fn emulator(&self, mut command: Command, folder: Option<&Path>, more: &[&str]) -> Result<Server, Failure> {
        command.args(ON_FREE_PORTS).args(more);
        match folder {
            Some(folder) => command.arg("--data-dir").arg(folder),
            None => command.arg("--in-memory"),
        };
        Server::start(&mut command)
    }

    /// A folder for what a benchmark writes, empty.
    fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.root.join("target/bench").join(name);
        empty(&folder)?;
        Ok(folder)
    }
}

fn empty(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    Ok(())
}

/// Runs the benchmarks that are named, or all; false if a run that is not quick missed a goal or could not measure it.
pub(crate) fn run(
    root: &Path,
    names: &[Name],
    quick: bool,
    format: Format,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let names = if names.is_empty() { Name::value_variants() } else { names };
    let programs = process::build(root)?;
    let home = root.join("target/bench/home");
    empty(&home)?;
    let peers = Peers::find(root, names);
    let bench = Bench { root: root.to_owned(), home, quick, programs, peers, cores: Cores::find() };
    let command = std::env::args().skip(1).fold("cargo xtask".to_owned(), |command, next| format!("{command} {next}"));
    let made = Made::now(root, &command, &bench.peers.versions);
    let report = Report::open(root, quick);
    if format == Format::Text {
        writeln!(out, "{}", report.head(&made))?;
    }
    let mut sections = Vec::new();
    for name in names {
        progress(&format!("{name:?}"));
        let section = match name {
            Name::Call => call::run(&bench),
            Name::Publish => publish::run(&bench),
            Name::Start => start::run(&bench),
            Name::Emulator => emulator::run(&bench),
            Name::Scale => scale::run(&bench),
            Name::Build => build::run(&bench),
            Name::Codegen => codegen::run(&bench),
        }?;
        if format == Format::Text {
            writeln!(out, "{}", report::markdown(&section))?;
        }
        // After each, so that a long run that is ended leaves what it had.
        report.put(&made, &section)?;
        sections.push(section);
    }
    if format == Format::Json {
        writeln!(out, "{:#}", report.json(&made, &sections))?;
    }
    // What is not to be believed misses nothing.
    Ok(quick || sections.iter().all(Section::is_met))
}

/// Says on standard error what is being done: a full run takes long.
#[expect(clippy::print_stderr, reason = "standard output is the report's")]
fn progress(what: &str) {
    eprintln!("bench: {what}");
}
