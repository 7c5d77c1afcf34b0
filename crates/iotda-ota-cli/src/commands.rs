//! Dispatch: one file per command.

use crate::args::{AuthCommand, Cli, Command, ManifestCommand};
use crate::config::{Appearance, Environment};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::Output;

mod auth;
mod completions;
mod emulator;
mod manifest;
mod package;
mod running;

pub(crate) use running::started;

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
        Command::Manifest(command) => {
            let init = matches!(command, ManifestCommand::Init(_));
            refuse_places(cli, "manifest", if init { &["--bucket"] } else { &[] })?;
            manifest::run(command, cli.connection.bucket.as_ref(), output)
        }
        Command::Auth(AuthCommand::Logout) => {
            refuse_places(cli, "auth logout", &[])?;
            auth::logout(output)
        }
        Command::Auth(command) => auth::run(command, cli, output),
        Command::Emulator(args) => {
            // There it says what is accepted.
            refuse_places(cli, "emulator", &["--signing"])?;
            emulator::run(args, cli.connection.signing.unwrap_or_default(), output)
        }
        Command::Completions { shell } => {
            refuse_places(cli, "completions", &[])?;
            completions::run(*shell, output)
        }
    }
}

/// Flags that a command would silently ignore are refused, above all `--emulator-dir` where `--data-dir` is meant.
fn refuse_places(cli: &Cli, command: &str, but: &[&str]) -> Result<(), Failure> {
    let mut flags = cli.connection.all();
    if cli.in_process.emulator {
        flags.push("--emulator");
    }
    if cli.in_process.emulator_dir.is_some() {
        flags.push("--emulator-dir");
    }
    match flags.iter().find(|flag| !but.contains(flag)) {
        None => Ok(()),
        Some(flag) => Err(Failure::usage(
            format!("{flag} cannot be used with the command {command}"),
            format!("leave it out; iotda-ota {command} --help shows what can be used"),
        )),
    }
}
