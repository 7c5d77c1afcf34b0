//! Receiving the bytes of an object, with memory and threads within bounds.
//!
//! Bytes gather in memory up to [`BATCH_BYTES`] and are then hashed and written by a thread that may block, while the
//! next ones gather. An upload takes a permit only while one of its batches is written: however many clients stall, they
//! keep no other from uploading.

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::StoreError;
use super::files::Files;

/// How many bytes are written at once.
const BATCH_BYTES: usize = 256 << 10;

/// Most batches that are written at the same time.
pub(super) const MOST_WRITING: usize = 16;

/// An upload that is going on. Dropping it before [`Upload::finish`] removes what was received.
pub(crate) struct Upload {
    files: Files,
    permits: Arc<Semaphore>,
    gathered: Vec<u8>,
    written: Written,
}

/// How far the file is.
enum Written {
    Nothing,
    Running(JoinHandle<io::Result<Unfinished>>),
    /// A batch could not be written, as [`Upload::write`] has said.
    Failed,
}

/// A file that is being written.
pub(super) struct Unfinished {
    file: File,
    path: TemporaryPath,
    size: u64,
    md5: Md5,
    sha256: Sha256,
}

/// A complete upload, not yet an object. Dropping it removes the bytes.
pub(crate) struct Received {
    pub(super) file: File,
    pub(super) path: TemporaryPath,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) sha256: [u8; 32],
}

impl Upload {
    pub(super) fn new(files: Files, permits: Arc<Semaphore>) -> Self {
        Self { files, permits, gathered: Vec::new(), written: Written::Nothing }
    }

    /// Adds bytes; waits while too many are not yet written. After an error the upload has failed.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.gathered.extend_from_slice(&chunk);
        if self.gathered.len() >= BATCH_BYTES { self.write_gathered().await } else { Ok(()) }
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(mut self) -> Result<Received, StoreError> {
        // This makes the file of an empty object, too.
        self.write_gathered().await?;
        match self.settle().await? {
            Some(file) => Ok(file.finish()),
            None => Err(StoreError::Closed),
        }
    }

    /// Begins to write what was gathered, once the batch before is written.
    async fn write_gathered(&mut self) -> Result<(), StoreError> {
        let unfinished = self.settle().await?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let batch = mem::take(&mut self.gathered);
        let files = self.files.clone();
        self.written = Written::Running(tokio::task::spawn_blocking(move || {
            let mut unfinished = match unfinished {
                Some(unfinished) => unfinished,
                None => Unfinished::new(files.create_incoming()?),
            };
            unfinished.write(&batch)?;
            drop(permit);
            Ok(unfinished)
        }));
        Ok(())
    }

    /// Waits until no batch is being written, and takes the file.
    async fn settle(&mut self) -> Result<Option<Unfinished>, StoreError> {
        match mem::replace(&mut self.written, Written::Failed) {
            Written::Nothing => Ok(None),
            Written::Running(work) => Ok(Some(work.await.map_err(|_| StoreError::Closed)??)),
            Written::Failed => Err(StoreError::Closed),
        }
    }
}

impl Unfinished {
    fn new((file, path): (File, TemporaryPath)) -> Self {
        Self { file, path, size: 0, md5: Md5::new(), sha256: Sha256::new() }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.md5.update(bytes);
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn finish(self) -> Received {
        let Self { file, path, size, md5, sha256 } = self;
        Received { file, path, size, md5: md5.finalize().into(), sha256: sha256.finalize().into() }
    }
}

/// Removes its file when dropped; after a rename there is nothing left to remove.
pub(super) struct TemporaryPath(pub(super) PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
