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
            opened = Target::open(settings, !dry_run) => opened?,
            signal = signals.next() => return Err(Failure::interrupted(signal, false)),
        };
        let creating = Creating::default();
        let result = tokio::select! {
            result = one(command, &target, output, &creating) => result,
            signal = signals.next() => Err(Failure::interrupted(signal, creating.get())),
        };
        output.end_progress();
        target.close().await;
        result
    });
    // An interrupted start may still hold a thread that waits for a lock.
    runtime.shutdown_background();
    result
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
