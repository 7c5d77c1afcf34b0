//! Standard error with a progress bar at its end, and progress as a bar or as lines of JSON.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use iotda_ota::{Phase, Progress};
use serde::Serialize;

use super::json;
use crate::args::ProgressMode;

/// How often a line of JSON is written at most.
const PAUSE: Duration = Duration::from_millis(200);

/// Standard error. While there is a bar, lines appear above it.
#[derive(Clone, Debug, Default)]
pub(super) struct Stderr {
    bar: Arc<Mutex<Bar>>,
}

/// The bar, which comes and goes once.
#[derive(Debug, Default)]
enum Bar {
    #[default]
    NotYet,
    Drawn(ProgressBar),
    /// What an interrupted upload still reports has to draw nothing.
    Gone,
}

impl Stderr {
    /// Writes; that standard error is gone is nothing that could be told to anybody.
    pub(super) fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let print = || {
            let mut text = Vec::new();
            // In one piece, so that lines of other threads do not come in between.
            let _ = write(&mut text).and_then(|()| anstream::stderr().lock().write_all(&text));
        };
        match &*self.bar() {
            Bar::Drawn(bar) => bar.suspend(print),
            Bar::NotYet | Bar::Gone => print(),
        }
    }

    /// Takes the bar away for good.
    pub(super) fn clear(&self) {
        if let Bar::Drawn(bar) = std::mem::replace(&mut *self.bar(), Bar::Gone) {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> MutexGuard<'_, Bar> {
        // A panic while drawing leaves nothing that could be wrong.
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the progress that it is told.
pub(crate) struct Reporter {
    mode: ProgressMode,
    stderr: Stderr,
    last: Mutex<Option<(Phase, Instant)>>,
}

impl Reporter {
    pub(super) fn new(mode: ProgressMode, stderr: Stderr) -> Self {
        Self { mode, stderr, last: Mutex::default() }
    }

    pub(crate) fn report(&self, step: Progress) {
        match self.mode {
            ProgressMode::Bar => self.draw(step),
            ProgressMode::Json => self.print(step),
            ProgressMode::Auto | ProgressMode::None => {}
        }
    }

    /// Draws a bar, which hides itself where there is no terminal.
    fn draw(&self, step: Progress) {
        let mut place = self.stderr.bar();
        let begins = self.begins(step.phase);
        if let Bar::NotYet = *place {
            *place = Bar::Drawn(ProgressBar::new(step.total).with_style(style()));
        }
        let Bar::Drawn(bar) = &*place else { return };
        if begins {
            bar.set_message(match step.phase {
                Phase::Hash => "hashing",
                Phase::Upload => "uploading",
                Phase::Verify => "verifying",
                _ => "working",
            });
            bar.set_length(step.total);
            bar.reset();
        }
        bar.set_position(step.bytes);
    }

    /// Prints the first and the last step of a phase, and now and then one between.
    fn print(&self, step: Progress) {
        let begins = self.begins(step.phase);
        let mut last = self.last();
        let due = last.is_none_or(|(_, written)| written.elapsed() >= PAUSE);
        if !begins && !due && step.bytes < step.total {
            return;
        }
        *last = Some((step.phase, Instant::now()));
        let phase = match step.phase {
            Phase::Hash => "hash",
            Phase::Upload => "upload",
            Phase::Verify => "verify",
            _ => "other",
        };
        let line = Line { phase, bytes: step.bytes, total: step.total };
        self.stderr.write(|err| json::line("progress", &line, err));
    }

    /// True once at the begin of a phase.
    fn begins(&self, phase: Phase) -> bool {
        let mut last = self.last();
        let begins = last.is_none_or(|(before, _)| before != phase);
        if begins {
            *last = Some((phase, Instant::now()));
        }
        begins
    }

    fn last(&self) -> MutexGuard<'_, Option<(Phase, Instant)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// One line of `--progress json`.
#[derive(Serialize)]
struct Line {
    phase: &'static str,
    bytes: u64,
    total: u64,
}

fn style() -> ProgressStyle {
    const TEMPLATE: &str = "{msg:9} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    // The template is fixed and valid; a plain bar would do, too.
    ProgressStyle::with_template(TEMPLATE).map_or_else(|_| ProgressStyle::default_bar(), |s| s.progress_chars("=> "))
}
