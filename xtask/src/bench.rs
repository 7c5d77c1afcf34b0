//! `cargo xtask bench`: what the product does for its users, beside what they would use instead.
//!
//! [`run`] builds the programs, makes the chosen benchmarks one after the other, prints a table for each and writes
//! `target/bench/report.md` and `report.json`. One module per benchmark; [`rounds`] has the method that all share: a
//! warm-up that is thrown away, then rounds in which the contestants take turns, the median and the spread of each, and
//! the ratio within each round. Only programs are built and run here; the load programs are in `tests/bench`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use crate::Failure;

mod build;
mod call;
mod codegen;
mod emulator;
mod figures;
mod peers;
mod process;
mod publish;
mod report;
mod rounds;
mod scale;
mod start;

use figures::Section;
use peers::Peers;

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
    /// Few and short rounds: to see that everything runs, not to believe the figures.
    quick: bool,
    /// The programs of `tests/bench` and the command.
    programs: PathBuf,
    peers: Peers,
}

impl Bench {
    /// The first number in a full run, the second in a quick one.
    fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    fn program(&self, name: &str) -> PathBuf {
        self.programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A folder for what a benchmark writes, empty.
    fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.root.join("target/bench").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// Runs the benchmarks that are named, or all; false if a goal was missed.
pub(crate) fn run(
    root: &Path,
    names: &[Name],
    quick: bool,
    format: Format,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let names = if names.is_empty() { Name::value_variants() } else { names };
    let programs = process::build(root)?;
    let bench = Bench { root: root.to_owned(), quick, programs, peers: Peers::find(root, names) };
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
            writeln!(out, "{}", report::markdown_section(&section))?;
        }
        sections.push(section);
        // After each, so that a long run that is ended leaves what it had.
        report::write(root, quick, &sections)?;
    }
    if format == Format::Json {
        writeln!(out, "{:#}", report::json(quick, &sections))?;
    }
    Ok(sections.iter().all(Section::is_met))
}

/// Says on standard error what is being done: a full run takes long.
#[expect(clippy::print_stderr, reason = "standard output is the report's")]
fn progress(what: &str) {
    eprintln!("bench: {what}");
}

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);
