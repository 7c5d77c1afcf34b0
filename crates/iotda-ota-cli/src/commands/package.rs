//! `iotda-ota package`: one file per verb. What they share is here: whom they speak to, and how they are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{no_runtime, runtime};
use crate::args::{Cli, PackageCommand};
use crate::config::{Environment, Place, Settings};
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;
use crate::target::Target;

mod create;
mod delete;
mod list;
mod publish;
mod show;

/// Whether a package may be in the middle of being created, so that stopping leaves the outcome open.
#[derive(Clone, Debug, Default)]
struct Creating(Arc<AtomicBool>);

impl Creating {
    fn set(&self, creating: bool) {
        self.0.store(creating, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) fn run(command: &PackageCommand, cli: &Cli, output: &Output) -> Result<(), Failure> {
    let dry_run = match command {
        PackageCommand::Publish(args) => args.dry_run,
        PackageCommand::Create(args) => args.dry_run,
        _ => false,
    };
    let settings = Settings::read(cli, Environment::PROCESS, !dry_run)?;
    let runtime = runtime(matches!(settings.place, Place::Emulator(_)))?;
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let target = tokio::select! {
            // A dry run of an emulator leaves no trace in its folder.
            opened = Target::open(settings, !dry_run, output) => opened?,
            signal = signals.next() => return Err(Failure::interrupted(signal, false, "nothing was sent")),
        };
        let creating = Creating::default();
        let result = tokio::select! {
            result = one(command, &target, output, &creating) => result,
            signal = signals.next() => {
                let creating = creating.get();
                Err(Failure::interrupted(signal, creating, how_to_go_on(command, creating)))
            }
        };
        output.end_progress();
        target.close().await;
        result
    });
    // An interrupted start may still hold a thread that waits for a lock.
    runtime.shutdown_background();
    result
}

/// What to do after an interruption.
fn how_to_go_on(command: &PackageCommand, creating: bool) -> &'static str {
    match command {
        PackageCommand::Publish(_) if creating => "run the same command again: it looks for the package first",
        PackageCommand::Publish(_) => "no package was created; run the same command again",
        PackageCommand::Create(_) if creating => "list the packages of this product and version before trying again",
        PackageCommand::Delete(_) => "the package may be deleted or not; iotda-ota package show tells",
        _ => "nothing was changed; run the same command again",
    }
}

async fn one(command: &PackageCommand, target: &Target, output: &Output, creating: &Creating) -> Result<(), Failure> {
    match command {
        PackageCommand::Publish(args) => publish::run(args, target, output, creating).await,
        PackageCommand::Create(args) => create::run(args, target, output, creating).await,
        PackageCommand::List(args) => list::run(args, target, output).await,
        PackageCommand::Show(args) => show::run(args, target, output).await,
        PackageCommand::Delete(args) => delete::run(args, target, output).await,
    }
}
