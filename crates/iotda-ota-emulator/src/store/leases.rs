//! Objects that are being read: their files stay until the last reader is done, even if the object is gone by then.
//!
//! An object can have more files than a process may have open, so a reader opens them one after the other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::files::{Files, KeptFile};

/// Who reads what; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Leases {
    objects: Arc<Mutex<HashMap<i64, Readers>>>,
}

/// The readers of one object.
#[derive(Default)]
struct Readers {
    count: usize,
    /// The object is gone, and these files with the last reader.
    files: Vec<KeptFile>,
}

/// One reader. Dropping it may remove files, so it may block.
pub(super) struct Lease {
    object_id: i64,
    leases: Leases,
    files: Files,
}

impl Leases {
    /// Takes a lease on an object. Whoever does has to make sure afterwards that the object still exists.
    pub(super) fn take(&self, object_id: i64, files: &Files) -> Lease {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.entry(object_id).or_default().count += 1;
        Lease { object_id, leases: self.clone(), files: files.clone() }
    }

    /// Removes the files of an object whose record is gone, now or with its last reader. Blocks.
    pub(super) fn remove(&self, object_id: i64, gone: Vec<KeptFile>, files: &Files) {
        {
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(readers) = objects.get_mut(&object_id) {
                readers.files = gone;
                return;
            }
        }
        files.remove(&gone);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut objects = self.leases.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(readers) = objects.get_mut(&self.object_id) else {
            return;
        };
        readers.count -= 1;
        if readers.count == 0
            && let Some(readers) = objects.remove(&self.object_id)
        {
            drop(objects);
            self.files.remove(&readers.files);
        }
    }
}
