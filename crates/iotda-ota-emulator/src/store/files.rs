//! The bytes of objects and parts: received into `incoming/` ([`super::incoming`]), kept in `objects/`.
//!
//! File names are made up and never derived from a key, so no key can lead out of the folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::digests::Wanted;
use super::incoming::{Incoming, MOST_WRITING, Received, TemporaryPath};
use super::space::Space;
use super::{StoreError, folder, sync_folder};
use crate::clock::{Clock, IdKind};

/// The folders of the objects' bytes; cheap to clone.
#[derive(Clone)]
pub(super) struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    incoming: PathBuf,
    objects: PathBuf,
    durable: bool,
    clock: Arc<dyn Clock>,
    space: Space,
    writing: Arc<Semaphore>,
}

/// A file that is safely in `objects/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptFile {
    pub(super) name: String,
    pub(super) size: u64,
}

impl Files {
    pub(super) fn new(root: &Path, durable: bool, clock: Arc<dyn Clock>, space: Space) -> Self {
        Self {
            inner: Arc::new(Inner {
                incoming: root.join(folder::INCOMING),
                objects: root.join(folder::OBJECTS),
                durable,
                clock,
                space,
                writing: Arc::new(Semaphore::new(MOST_WRITING)),
            }),
        }
    }

    /// Begins to receive bytes; their file is made when there is something to write.
    pub(super) fn receive(&self, wanted: Wanted) -> Incoming {
        Incoming::new(self.clone(), Arc::clone(&self.inner.writing), wanted)
    }

    pub(super) fn space(&self) -> &Space {
        &self.inner.space
    }

    /// Makes a new file in `incoming/`. Blocks.
    pub(super) fn create_incoming(&self) -> io::Result<(File, TemporaryPath)> {
        loop {
            let name = file_name(self.inner.clock.id(IdKind::Object));
            // A fixed clock over an old folder hands out names that objects have already.
            if self.inner.objects.join(&name).exists() {
                continue;
            }
            let path = self.inner.incoming.join(name);
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((file, TemporaryPath(path))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Syncs received bytes and moves them to `objects/`. Blocks.
    pub(super) fn keep(&self, received: Received) -> Result<KeptFile, StoreError> {
        if self.inner.durable {
            received.file.sync_all()?;
        }
        let Some(name) = received.path.0.file_name() else {
            return Err(StoreError::Failed("an upload has no name".to_owned()));
        };
        fs::rename(&received.path.0, self.inner.objects.join(name))?;
        let kept = KeptFile { name: name.to_string_lossy().into_owned(), size: received.reserved.keep() };
        if self.inner.durable {
            sync_folder(&self.inner.objects)?;
        }
        Ok(kept)
    }

    pub(super) fn open(&self, file: &KeptFile) -> io::Result<File> {
        File::open(self.inner.objects.join(&file.name))
    }

    /// Removes files that nothing needs any more. Blocks.
    pub(super) fn remove(&self, files: &[KeptFile]) {
        for file in files {
            // A file that stays is set aside by the next start, so a failure needs no answer.
            if fs::remove_file(self.inner.objects.join(&file.name)).is_ok() {
                self.inner.space.give_back(file.size);
            }
        }
    }
}

fn file_name(id: u128) -> String {
    format!("{id:032x}")
}

/// Whether a file can have got its name from [`file_name`].
pub(super) fn is_file_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_names_it_makes_and_no_others() {
        for id in [0, 1, u128::MAX] {
            assert!(is_file_name(&file_name(id)));
        }
        let upper_case = "A".repeat(32);
        let long = "a".repeat(33);
        for name in ["", "notes.txt", "0000000000000000000000000000000g", &upper_case, &long] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
