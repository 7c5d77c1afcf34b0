//! The bytes of objects: received into `incoming/`, kept in `objects/`.
//!
//! File names are made up and never derived from a key, so no key can lead out of the folder.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::{StoreError, folder, sync_folder};
use crate::clock::{Clock, IdKind};

/// Most uploads that are received at the same time; each occupies a thread, further ones wait.
const MOST_UPLOADS: usize = 64;

/// How many chunks of an upload may wait to be written.
const WAITING_CHUNKS: usize = 8;

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
    uploads: Arc<Semaphore>,
}

/// An upload that is going on. Dropping it before [`Upload::finish`] removes what was received.
pub(crate) struct Upload {
    chunks: mpsc::Sender<Bytes>,
    work: JoinHandle<io::Result<Received>>,
    _permit: OwnedSemaphorePermit,
}

/// A complete upload, not yet an object. Dropping it removes the bytes.
pub(crate) struct Received {
    file: File,
    path: TemporaryPath,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) sha256: [u8; 32],
}

/// Bytes that are safely in `objects/`.
pub(super) struct Kept {
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) md5: String,
    pub(super) sha256: String,
}

impl Files {
    pub(super) fn open(root: &Path, durable: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner: Arc::new(Inner {
                incoming: root.join(folder::INCOMING),
                objects: root.join(folder::OBJECTS),
                durable,
                clock,
                uploads: Arc::new(Semaphore::new(MOST_UPLOADS)),
            }),
        }
    }

    /// Removes what a crash left: unfinished uploads, and files that belong to no object.
    pub(super) fn clean(&self, kept: &HashSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(&self.inner.incoming)? {
            fs::remove_file(entry?.path())?;
        }
        for entry in fs::read_dir(&self.inner.objects)? {
            let entry = entry?;
            let known = entry.file_name().to_str().is_some_and(|name| kept.contains(name));
            if !known {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Begins an upload; waits while too many are going on.
    pub(super) async fn begin_upload(&self) -> Result<Upload, StoreError> {
        let permit = Arc::clone(&self.inner.uploads).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (chunks, receiver) = mpsc::channel(WAITING_CHUNKS);
        let files = self.clone();
        Ok(Upload { chunks, work: tokio::task::spawn_blocking(move || files.receive(receiver)), _permit: permit })
    }

    fn receive(&self, mut chunks: mpsc::Receiver<Bytes>) -> io::Result<Received> {
        let (mut file, path) = self.create_incoming()?;
        let mut size = 0;
        let mut md5 = Md5::new();
        let mut sha256 = Sha256::new();
        while let Some(chunk) = chunks.blocking_recv() {
            file.write_all(&chunk)?;
            md5.update(&chunk);
            sha256.update(&chunk);
            size += chunk.len() as u64;
        }
        Ok(Received { file, path, size, md5: md5.finalize().into(), sha256: sha256.finalize().into() })
    }

    fn create_incoming(&self) -> io::Result<(File, TemporaryPath)> {
        loop {
            let name = format!("{:032x}", self.inner.clock.id(IdKind::Object));
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
    pub(super) fn keep(&self, received: Received) -> Result<Kept, StoreError> {
        if self.inner.durable {
            received.file.sync_all()?;
        }
        let Some(name) = received.path.0.file_name() else {
            return Err(StoreError::Failed("an upload has no name".to_owned()));
        };
        fs::rename(&received.path.0, self.inner.objects.join(name))?;
        if self.inner.durable {
            sync_folder(&self.inner.objects)?;
        }
        Ok(Kept {
            file: name.to_string_lossy().into_owned(),
            size: received.size,
            md5: hex(&received.md5),
            sha256: hex(&received.sha256),
        })
    }

    pub(super) fn open_object(&self, file: &str) -> io::Result<File> {
        File::open(self.inner.objects.join(file))
    }

    pub(super) fn remove(&self, file: &str) -> io::Result<()> {
        fs::remove_file(self.inner.objects.join(file))
    }
}

impl Upload {
    /// Adds bytes; waits while too many are not yet written. False when writing failed: then `finish` tells why.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> bool {
        self.chunks.send(chunk).await.is_ok()
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(self) -> Result<Received, StoreError> {
        drop(self.chunks);
        match self.work.await {
            Ok(received) => Ok(received?),
            Err(_) => Err(StoreError::Closed),
        }
    }
}

/// Removes its file when dropped; after a rename there is nothing left to remove.
struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
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
