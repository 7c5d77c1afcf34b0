//! Locks between processes, as files in a folder that they share.
//!
//! The system lets go of such a lock when its process ends, however it ends. So a lock that is held has somebody alive
//! behind it, and a file without one means nothing.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long is waited for somebody else to be done.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often is looked whether they are.
const PAUSE: Duration = Duration::from_millis(50);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    // Closing the file is what lets go of the lock.
    _file: File,
}

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody else holds it, and did not let go in time.
    Busy,
    /// The file cannot be made or locked here.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock at this path, whose folder is made if need be, and waits a while if somebody else holds it.
    pub(crate) async fn acquire(path: PathBuf) -> Result<Self, LockError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(LockError::Io)?;
        }
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = Self::attempt(&path).map_err(LockError::Io)? {
                return Ok(lock);
            }
            if Instant::now() >= end {
                return Err(LockError::Busy);
            }
            sleep(PAUSE).await;
        }
    }

    fn attempt(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it may have removed the file between opening and locking it; then this is not the lock any more.
        Ok(is_at(&file, path).then(|| Self { path: path.to_owned(), _file: file }))
    }
}

#[cfg(unix)]
impl Drop for Lock {
    fn drop(&mut self) {
        // While it is still held; a file that stays does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// True if the path still leads to the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let (open, there) = (file.metadata().map(place).ok(), std::fs::metadata(path).map(place).ok());
    open.is_some() && open == there
}

/// Elsewhere the file is never removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_has_it_and_the_next_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/on/demand/x.lock");
        let first = Lock::acquire(path.clone()).await.unwrap();
        assert!(matches!(Lock::acquire(path.clone()).await, Err(LockError::Busy)));
        drop(first);
        let second = Lock::acquire(path.clone()).await.unwrap();
        assert!(matches!(Lock::acquire(path).await, Err(LockError::Busy)));
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_it_as_soon_as_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let first = Lock::acquire(path.clone()).await.unwrap();
        let second = tokio::spawn(Lock::acquire(path));
        sleep(PAUSE * 3).await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = Lock::acquire(folder.path().join("file/x.lock")).await.unwrap_err();
        assert!(matches!(error, LockError::Io(_)), "{error:?}");
    }
}
