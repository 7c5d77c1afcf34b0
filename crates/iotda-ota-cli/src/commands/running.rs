//! How a command that speaks to a service is run: whom it speaks to, how it is stopped, what is told at the end.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use iotda_ota_emulator::Emulator;
use tokio::runtime::{Builder, Runtime};

use crate::config::{Place, Settings};
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::{Signal, Signals};
use crate::target::Target;

mod stage;

pub(super) use stage::{Creating, Stage};

/// How long a start may take before a note says what it waits for.
const NOTABLE_WAIT: Duration = Duration::from_secs(1);

/// Opens the target, runs a command on it until that ends or a signal arrives, and closes it.
///
/// Without `keep` an emulator works in a temporary folder and leaves nothing. `go_on` says how to go on after an
/// interruption, by how far the command was.
pub(super) fn with_target(
    settings: Settings,
    keep: bool,
    output: &Output,
    creating: &Creating,
    go_on: impl Fn(&Stage) -> &'static str,
    command: impl AsyncFnOnce(&Target) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime = runtime(matches!(settings.place, Place::Emulator(_)))?;
    let (origins, where_it_is) = (settings.origins.clone(), settings.where_it_is.clone());
    let result = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let target = tokio::select! {
            opened = Target::open(settings, keep, output) => opened?,
            signal = signals.next() => return Err(Failure::interrupted(signal, "nothing was sent")),
        };
        let result = match until_signal(command(&target), &mut signals, creating, output).await {
            Ended::ByItself(result) => result,
            Ended::By(signal) => {
                let stage = creating.stage();
                let hint = go_on(&stage);
                Err(stage.interrupted(signal, hint))
            }
        };
        output.end_progress();
        for warning in target.warnings() {
            output.caution("credentials", &warning);
        }
        target.close().await;
        result
    });
    // An interrupted start may still hold a thread that waits for a lock.
    runtime.shutdown_background();
    result.map_err(|failure| failure.blamed_on(&origins).found_out_with(&where_it_is))
}

/// How a command came to its end.
enum Ended {
    ByItself(Result<(), Failure>),
    By(Signal),
}

/// Runs a command to its end or to a signal. One that comes when stopping would leave something unfinished lets it go on
/// until that is over; the next one does not.
async fn until_signal(
    command: impl Future<Output = Result<(), Failure>>,
    signals: &mut Signals,
    creating: &Creating,
    output: &Output,
) -> Ended {
    let mut command = pin!(command);
    let first = tokio::select! {
        result = &mut command => return Ended::ByItself(result),
        signal = signals.next() => signal,
    };
    if let Some(why) = creating.stage().unfinished() {
        output.note(&format!("{why}, so this is brought to an end first; another signal stops at once"));
    }
    tokio::select! {
        biased;
        () = creating.may_stop() => Ended::By(first),
        result = command => Ended::ByItself(result),
        second = signals.next() => Ended::By(second),
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
pub(super) fn runtime(threads: bool) -> Result<Runtime, Failure> {
    let mut builder = if threads { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(2).enable_all().build().map_err(|error| no_runtime(&error))
}

pub(super) fn no_runtime(error: &io::Error) -> Failure {
    Failure::fault("the program cannot be set up", error)
}
