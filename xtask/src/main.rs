//! The maintainers' commands, run as `cargo xtask NAME`.
//!
//! One module per command; this file only parses and dispatches. Nothing here links a crate of the workspace,
//! so a broken client can always be generated anew.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod announced;
mod bench;
mod cargo;
mod chaos;
mod codegen;
mod contract;
mod document;
mod drift;
mod emulator;
mod environment;
mod fuzz;
mod interop;
mod python;
mod tidy;

/// What a command may end with when it could not do its work.
type Failure = Box<dyn std::error::Error>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The maintainers' commands of iotda-ota")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure what the product does for its users beside what they would use instead
    #[command(after_help = bench::HELP)]
    Bench {
        /// What to measure; everything if nothing is named
        names: Vec<bench::Name>,
        /// Few and short rounds, to see that everything runs
        #[arg(long)]
        quick: bool,
        /// How the report is printed; both forms are written to target/bench/report.{md,json}
        #[arg(long, value_enum, default_value = "text")]
        format: bench::Format,
    },
    /// Generate crates/iotda-ota-client/src/generated from openapi/iotda-ota.yaml
    Codegen {
        /// Write nothing; print what differs and exit with 1 if anything does
        #[arg(long)]
        check: bool,
    },
    /// Run the chaos suite, and those that kill emulator and publish, in full and print their figures
    Chaos {
        /// How many packages are created
        #[arg(long, default_value_t = 10_000)]
        creates: u32,
        /// Where the sequences of faults begin
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Check the OpenAPI document against the house rules
    Document,
    /// Run the fuzz targets; needs a nightly compiler and cargo-fuzz
    Fuzz {
        /// Which targets; all if none is named
        targets: Vec<fuzz::Target>,
        /// How long each of them runs
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Check the tree against the house rules
    Tidy,
    /// Compare the OpenAPI document with the models of the official Python SDK; needs Python 3.11
    Drift,
    /// Run the official Python SDKs against the emulator; needs Python 3.11
    Interop,
    /// Run requests generated from the OpenAPI document against the emulator; needs Python 3.11
    Contract {
        /// 200 cases of each operation instead of 2,000
        #[arg(long)]
        quick: bool,
        /// What the generated requests depend on
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let root = root();
    let out = &mut std::io::stdout();
    let result = match Args::parse().command {
        Command::Bench { names, quick, format } => bench::run(&root, &names, quick, format, out),
        Command::Codegen { check } => codegen::run(&root, check, out),
        Command::Chaos { creates, seed } => chaos::run(&root, creates, seed, out),
        Command::Document => document::run(&root, out),
        Command::Fuzz { targets, seconds } => fuzz::run(&root, &targets, seconds, out),
        Command::Tidy => tidy::run(&root, out),
        Command::Drift => drift::run(&root, out),
        Command::Interop => interop::run(&root, out),
        Command::Contract { quick, seed } => contract::run(&root, quick, seed, out),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            report(failure.as_ref());
            ExitCode::from(2)
        }
    }
}

/// The workspace's folder: the parent of this package's.
fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Prints a failure and its causes, one per line.
#[expect(clippy::print_stderr, reason = "the one place of xtask that reports failures")]
fn report(failure: &dyn std::error::Error) {
    eprintln!("error: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
}
