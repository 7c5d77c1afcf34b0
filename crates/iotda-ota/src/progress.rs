//! Progress of the long parts: hashing and upload.

use std::fmt;
use std::sync::Arc;

/// The long part that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The file is read and its SHA-256 computed.
    Hash,
    /// The file is sent to OBS.
    Upload,
    /// The package is being created; from here on, stopping leaves the outcome open. There are no bytes to count.
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
