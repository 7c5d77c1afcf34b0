//! Progress of the long parts: hashing, upload, and reading back.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The long part that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The file is read and its SHA-256 computed.
    Hash,
    /// The file is sent to OBS. A large one is hashed at the same time, without a phase of its own; what an earlier
    /// upload has brought there counts as done.
    Upload,
    /// The stored object is read and its SHA-256 computed.
    Verify,
    /// The request to create the package goes out, which is told each time; from the first on, stopping leaves the outcome
    /// open. There are no bytes to count.
    Create,
}

/// How far a part has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The part.
    pub phase: Phase,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Hands progress to whoever asked for it.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Reporter {
    pub(crate) fn new(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    /// The same, and this is called each time as well.
    pub(crate) fn and(self, also: impl Fn() + Send + Sync + 'static) -> Self {
        Self::new(move |step| {
            also();
            self.report(step.phase, step.bytes, step.total);
        })
    }

    pub(crate) fn report(&self, phase: Phase, bytes: u64, total: u64) {
        if let Some(listener) = &self.0 {
            listener(Progress { phase, bytes, total });
        }
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Reporter(..)" } else { "Reporter(none)" })
    }
}

/// Adds up what is done in several places at once, and tells it so that it only grows.
#[derive(Debug)]
pub(crate) struct Meter {
    reporter: Reporter,
    phase: Phase,
    total: u64,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    done: u64,
    told: u64,
}

impl Meter {
    /// Tells that a part begins.
    pub(crate) fn start(reporter: Reporter, phase: Phase, total: u64) -> Self {
        reporter.report(phase, 0, total);
        Self { reporter, phase, total, counts: Mutex::default() }
    }

    /// So many bytes more are done.
    pub(crate) fn add(&self, bytes: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.done += bytes;
        let now = counts.done.min(self.total);
        if now > counts.told {
            counts.told = now;
            // Under the lock, because two reports must not overtake each other.
            self.reporter.report(self.phase, now, self.total);
        }
    }

    /// So many bytes were in vain. Nothing is told until they are made up for.
    pub(crate) fn take_back(&self, bytes: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.done = counts.done.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_only_grows_and_ends_at_the_whole() {
        let heard = Arc::<Mutex<Vec<u64>>>::default();
        let listener = Arc::clone(&heard);
        let reporter = Reporter::new(move |progress| listener.lock().unwrap().push(progress.bytes));
        let meter = Meter::start(reporter, Phase::Upload, 10);
        meter.add(4);
        meter.add(4);
        meter.take_back(4);
        meter.add(3);
        meter.add(3);
        meter.add(1);
        assert_eq!(*heard.lock().unwrap(), [0, 4, 8, 10]);
    }
}
