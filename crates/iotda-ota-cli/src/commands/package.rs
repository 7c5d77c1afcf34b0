//! `iotda-ota package`: one file per verb.

use super::running::{Creating, Stage, with_target};
use crate::args::{Cli, PackageCommand};
use crate::config::{Environment, Settings};
use crate::failure::Failure;
use crate::output::Output;
use crate::target::Target;

mod create;
mod delete;
mod list;
mod publish;
mod release;
mod show;
mod verify;

pub(super) fn run(command: &PackageCommand, cli: &Cli, output: &Output) -> Result<(), Failure> {
    let dry_run = match command {
        PackageCommand::Publish(args) => args.dry_run,
        PackageCommand::Create(args) => args.dry_run,
        _ => false,
    };
    let settings = Settings::read(cli, Environment::PROCESS, !dry_run)?;
    let creating = Creating::default();
    // A dry run of an emulator leaves no trace in its folder.
    let go_on = |stage: &Stage| how_to_go_on(command, stage);
    with_target(settings, !dry_run, output, &creating, go_on, async |target| {
        one(command, target, output, &creating).await
    })
}

/// What to do after an interruption.
fn how_to_go_on(command: &PackageCommand, stage: &Stage) -> &'static str {
    match command {
        PackageCommand::Publish(_) if matches!(stage, Stage::Creating(_) | Stage::Replacing(_)) => {
            "run the same command again: it looks for the package first"
        }
        PackageCommand::Publish(_) if matches!(stage, Stage::Withdrawing(..)) => {
            "run the same command again: it compares the package with the file if it is still there"
        }
        PackageCommand::Publish(_) if matches!(stage, Stage::Created(_)) => {
            "run the same command again: it compares the package with the file, and does what is still to be done"
        }
        PackageCommand::Publish(_) => {
            "no package was created; run the same command again: it goes on where this one stopped"
        }
        PackageCommand::Create(_) if matches!(stage, Stage::Created(_)) => "iotda-ota package show tells of it",
        PackageCommand::Delete(args) if args.with_object => {
            "the package may be deleted or not, and its object after it; iotda-ota package show tells of the package"
        }
        PackageCommand::Delete(_) => "the package may be deleted or not; iotda-ota package show tells",
        _ => "nothing was changed; run the same command again",
    }
}

async fn one(command: &PackageCommand, target: &Target, output: &Output, creating: &Creating) -> Result<(), Failure> {
    match command {
        PackageCommand::Publish(args) => publish::run(args, target, output, creating).await,
        PackageCommand::Verify(args) => verify::run(args, target, output).await,
        PackageCommand::Create(args) => create::run(args, target, output, creating).await,
        PackageCommand::List(args) => list::run(args, target, output).await,
        PackageCommand::Show(args) => show::run(args, target, output).await,
        PackageCommand::Delete(args) => delete::run(args, target, output).await,
    }
}
