//! Dispatch: one file per command.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use iotda_ota_emulator::Emulator;
use tokio::runtime::{Builder, Runtime};

use crate::args::{Cli, Command};
use crate::config::{Appearance, Environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::Output;

mod completions;
mod emulator;
mod package;

/// How long a start may take before a note says what it waits for.
const NOTABLE_WAIT: Duration = Duration::from_secs(1);

/// Runs a command and reports how it went.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    let (appearance, problems) = Appearance::read(&cli.output, Environment::PROCESS);
    let output = Output::new(appearance);
    let result = if problems.is_empty() { dispatch(cli, &output) } else { Err(Failure::invalid(problems)) };
    match result {
        Ok(()) => ExitCode::Done,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code
        }
    }
}

fn dispatch(cli: &Cli, output: &Output) -> Result<(), Failure> {
    match &cli.command {
        Command::Package(command) => package::run(command, cli, output),
        Command::Emulator(args) => {
            refuse_places(cli, "emulator")?;
            emulator::run(args, output)
        }
        Command::Completions { shell } => {
            refuse_places(cli, "completions")?;
            completions::run(*shell, output)
        }
    }
}

/// Flags that a command would silently ignore are refused, above all `--emulator-dir` where `--data-dir` is meant.
fn refuse_places(cli: &Cli, command: &str) -> Result<(), Failure> {
    let mut flags = cli.connection.all();
    if cli.in_process.emulator {
        flags.push("--emulator");
    }
    if cli.in_process.emulator_dir.is_some() {
        flags.push("--emulator-dir");
    }
    match flags.first() {
        None => Ok(()),
        Some(flag) => Err(Failure::usage(
            format!("{flag} cannot be used with the command {command}"),
            format!("leave it out; iotda-ota {command} --help shows what can be used"),
        )),
    }
}

/// Starts an emulator, and says so when it takes long because another process uses the folder.
pub(crate) async fn started(
    builder: &iotda_ota_emulator::Builder,
    folder: Option<&Path>,
    output: &Output,
) -> Result<Emulator, Failure> {
    let mut starting = pin!(builder.clone().start());
    let start = tokio::select! {
        start = &mut starting => start,
        () = tokio::time::sleep(NOTABLE_WAIT) => {
            let place = folder.map_or_else(String::new, |folder| format!(" at {}", folder.display()));
            output.note(&format!("waiting up to 10 seconds for the data folder{place}, which another process uses"));
            starting.await
        }
    };
    start.map_err(|error| Failure::start(&error))
}

/// A runtime for one command; `threads` if a server runs beside it.
fn runtime(threads: bool) -> Result<Runtime, Failure> {
    let mut builder = if threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(2).enable_all().build().map_err(|error| no_runtime(&error))
}

fn no_runtime(error: &io::Error) -> Failure {
    Failure::fault("the program cannot be set up", error)
}
