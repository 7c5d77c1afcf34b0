//! Tokens and temporary access keys that ended before their time, as a fault makes them.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

/// The sealed texts that are no longer accepted. Only what the emulator has sealed itself is added, once each.
#[derive(Default)]
pub(super) struct Ended {
    digests: RwLock<HashSet<[u8; 32]>>,
}

impl Ended {
    pub(super) fn add(&self, sealed: &str) {
        let digest = Sha256::digest(sealed).into();
        self.digests.write().unwrap_or_else(PoisonError::into_inner).insert(digest);
    }

    pub(super) fn clear(&self) {
        self.digests.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn has(&self, sealed: &str) -> bool {
        let digests = self.digests.read().unwrap_or_else(PoisonError::into_inner);
        !digests.is_empty() && digests.contains::<[u8; 32]>(&Sha256::digest(sealed).into())
    }
}
