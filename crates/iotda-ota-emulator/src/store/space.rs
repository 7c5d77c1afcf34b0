//! How many bytes objects and parts take, and how many they may.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;

/// The count; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Space {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    used: AtomicU64,
    most: Option<u64>,
}

/// Bytes of one file that is not yet kept; given back when dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    space: Space,
    bytes: u64,
}

impl Space {
    pub(super) fn new(used: u64, most: Option<u64>) -> Self {
        Self { inner: Arc::new(Inner { used: AtomicU64::new(used), most }) }
    }

    /// How many bytes there may be at most.
    pub(super) fn most(&self) -> Option<u64> {
        self.inner.most
    }

    pub(super) fn reserve_nothing(&self) -> Reserved {
        Reserved { space: self.clone(), bytes: 0 }
    }

    /// Counts a file that is gone.
    pub(super) fn give_back(&self, bytes: u64) {
        self.inner.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Reserved {
    /// Takes more bytes, if there are as many.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), StoreError> {
        let used = self.space.inner.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        match self.space.inner.most {
            // What was taken too much is given back with the rest, when the upload is given up.
            Some(most) if used > most => Err(StoreError::Full(format!("objects and parts may have {most} bytes"))),
            _ => Ok(()),
        }
    }

    /// The file stays, and so do its bytes; returns how many.
    pub(super) fn keep(mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.space.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_can_be_used_again_and_what_is_kept_cannot() {
        let space = Space::new(10, Some(100));
        let mut given_up = space.reserve_nothing();
        given_up.grow(90).unwrap();
        assert!(matches!(given_up.grow(1), Err(StoreError::Full(_))));
        drop(given_up);

        let mut kept = space.reserve_nothing();
        kept.grow(90).unwrap();
        assert_eq!(kept.keep(), 90);
        assert!(space.reserve_nothing().grow(1).is_err());
        space.give_back(90);
        space.reserve_nothing().grow(90).unwrap();
    }
}
