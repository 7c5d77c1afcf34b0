//! What happens in a publish besides progress.

use std::fmt;
use std::sync::Arc;

use crate::lock::Waiting;
use crate::model::PackageId;

/// What happens in a publish besides progress, for [`Publish::on_event`](super::Publish::on_event).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody else on this machine publishes the same version or uploads to the same key, and is waited for. Told when
    /// that has lasted a second.
    #[non_exhaustive]
    Waiting {
        /// The process that is waited for, where the system tells.
        process: Option<u32>,
    },
    /// The package is created for certain: from here on, stopping leaves no outcome open. It is still to be read back, and
    /// the packages that it replaces are still to be deleted.
    #[non_exhaustive]
    Created {
        /// The package.
        package_id: PackageId,
    },
    /// The service takes one package of a version, and this one is about to be deleted for the new one. Until that is
    /// [`Created`](Self::Created) or this one [`Restored`](Self::Restored), or the call ends, the version may be without a
    /// package: whoever stops in between, by dropping the future, leaves it so.
    #[non_exhaustive]
    MakingRoom {
        /// The old package.
        package_id: PackageId,
    },
    /// The package that was created is not what was to be published, and is about to be deleted again.
    #[non_exhaustive]
    Withdrawing {
        /// The package.
        package_id: PackageId,
    },
    /// The version of a package that was to make room has one again, though not the one that was to be created: it was
    /// created again, under another id, or never deleted, or somebody else has made one.
    #[non_exhaustive]
    Restored {
        /// The old package, by its old id.
        package_id: PackageId,
    },
}

/// Hands events to whoever asked for them.
#[derive(Clone, Default)]
pub(super) struct Listener(Option<Arc<dyn Fn(Event) + Send + Sync>>);

impl Listener {
    pub(super) fn new(listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    pub(super) fn tell(&self, event: Event) {
        if let Some(listener) = &self.0 {
            listener(event);
        }
    }

    /// For locks that are waited for.
    pub(super) fn waiting(&self) -> Waiting {
        let listener = self.clone();
        Waiting::new(move |process| listener.tell(Event::Waiting { process }))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener(..)" } else { "Listener(none)" })
    }
}
