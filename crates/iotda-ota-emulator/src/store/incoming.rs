//! Receiving bytes, of an object or of a part, with memory and threads within bounds.
//!
//! Bytes gather in memory up to [`BATCH_BYTES`] and are then hashed and written by a thread that may block, while the
//! next ones gather in a second buffer. A permit is taken only while a batch is written: however many clients stall, they
//! keep no other from uploading.

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::StoreError;
use super::digests::{Digests, Hashers, Wanted};
use super::files::Files;
use super::space::Reserved;

/// How many bytes are written at once.
const BATCH_BYTES: usize = 512 << 10;

/// Most batches that are written at the same time.
pub(super) const MOST_WRITING: usize = 16;

/// Bytes that are coming in. Dropping it before [`Incoming::finish`] removes what was received.
pub(crate) struct Incoming {
    files: Files,
    permits: Arc<Semaphore>,
    wanted: Wanted,
    gathered: Vec<u8>,
    written: Written,
}

/// How far the file is.
enum Written {
    Nothing,
    Running(JoinHandle<Result<Batch, StoreError>>),
    /// A batch could not be written, as [`Incoming::write`] has said.
    Failed,
}

/// What comes back when a batch is written: the file, and the buffer for the next batch but one.
struct Batch {
    file: Unfinished,
    buffer: Vec<u8>,
}

/// A file that is being written.
struct Unfinished {
    file: File,
    path: TemporaryPath,
    reserved: Reserved,
    hashers: Hashers,
}

/// Everything that came in, not yet an object or a part. Dropping it removes the bytes.
pub(crate) struct Received {
    pub(super) file: File,
    pub(super) path: TemporaryPath,
    pub(super) reserved: Reserved,
    pub(crate) digests: Digests,
}

impl Incoming {
    pub(super) fn new(files: Files, permits: Arc<Semaphore>, wanted: Wanted) -> Self {
        Self { files, permits, wanted, gathered: Vec::new(), written: Written::Nothing }
    }

    /// Adds bytes; waits while too many are not yet written. After an error nothing more can be added.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        if !self.gathered.is_empty() && self.gathered.len() + chunk.len() > BATCH_BYTES {
            self.write_gathered().await?;
        }
        self.gathered.extend_from_slice(&chunk);
        if self.gathered.len() >= BATCH_BYTES { self.write_gathered().await } else { Ok(()) }
    }

    /// Waits until everything is written.
    pub(crate) async fn finish(mut self) -> Result<Received, StoreError> {
        // This makes the file of an empty object, too.
        self.write_gathered().await?;
        match self.settle().await? {
            Some(batch) => Ok(batch.file.finish()),
            None => Err(StoreError::Closed),
        }
    }

    /// Begins to write what was gathered, once the batch before is written.
    async fn write_gathered(&mut self) -> Result<(), StoreError> {
        let (unfinished, buffer) = match self.settle().await? {
            Some(Batch { file, buffer }) => (Some(file), buffer),
            None => (None, Vec::new()),
        };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let mut batch = mem::replace(&mut self.gathered, buffer);
        let files = self.files.clone();
        let wanted = self.wanted;
        self.written = Written::Running(tokio::task::spawn_blocking(move || {
            let mut file = match unfinished {
                Some(unfinished) => unfinished,
                None => Unfinished::new(&files, wanted)?,
            };
            file.write(&batch)?;
            drop(permit);
            batch.clear();
            Ok(Batch { file, buffer: batch })
        }));
        Ok(())
    }

    /// Waits until no batch is being written, and takes the file.
    async fn settle(&mut self) -> Result<Option<Batch>, StoreError> {
        match mem::replace(&mut self.written, Written::Failed) {
            Written::Nothing => Ok(None),
            Written::Running(work) => Ok(Some(work.await.map_err(|_| StoreError::Closed)??)),
            Written::Failed => Err(StoreError::Closed),
        }
    }
}

impl Unfinished {
    fn new(files: &Files, wanted: Wanted) -> Result<Self, StoreError> {
        let (file, path) = files.create_incoming()?;
        Ok(Self { file, path, reserved: files.space().reserve_nothing(), hashers: Hashers::new(wanted) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.reserved.grow(bytes.len() as u64)?;
        self.file.write_all(bytes)?;
        self.hashers.update(bytes);
        Ok(())
    }

    fn finish(self) -> Received {
        let Self { file, path, reserved, hashers } = self;
        Received { file, path, reserved, digests: hashers.finish() }
    }
}

/// Removes its file when dropped; after a rename there is nothing left to remove.
pub(super) struct TemporaryPath(pub(super) PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        let _: io::Result<()> = fs::remove_file(&self.0);
    }
}
