//! The lock of the data folder, and who holds it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use crate::start_error::StartError;

const LOCK: &str = "emulator.lock";

/// Kept apart from the lock, because on Windows nobody else can read a locked file.
const HOLDER: &str = "emulator.holder";

/// The names of the files of this module.
pub(super) const FILES: [&str; 2] = [LOCK, HOLDER];

/// The held lock. The operating system releases it when the process ends, however it ends.
pub(super) struct FolderLock {
    /// Empty once released.
    file: Mutex<Option<File>>,
    holder: PathBuf,
}

impl FolderLock {
    /// Locks the folder, or says who holds it; `waited` is how long it was tried already.
    pub(super) fn acquire(root: &Path, waited: Duration) -> Result<Self, StartError> {
        let path = root.join(LOCK);
        let failed = |source| StartError::folder(&path, source);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let holder = root.join(HOLDER);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) => {
                let text = fs::read_to_string(&holder).unwrap_or_default();
                return Err(StartError::locked(root, waited, text.trim()));
            }
        }
        let lock = Self { file: Mutex::new(Some(file)), holder };
        lock.announce("");
        Ok(lock)
    }

    /// Writes down the process id and the addresses, for those who find the folder locked.
    pub(super) fn announce(&self, addresses: &str) {
        let process = std::process::id();
        let text = if addresses.is_empty() {
            format!("process {process}\n")
        } else {
            format!("process {process} at {addresses}\n")
        };
        // Only messages depend on this file, so a failure to write it is no reason to stop.
        let _ = fs::write(&self.holder, text);
    }

    /// Gives the folder free, after which others can lock it.
    pub(super) fn release(&self) {
        let file = self.file.lock().ok().and_then(|mut file| file.take());
        if file.is_some() {
            // Before the lock goes with the file: afterwards the name may be another holder's.
            let _ = fs::remove_file(&self.holder);
        }
    }
}

impl Drop for FolderLock {
    /// A start that fails after the lock was taken leaves no holder behind.
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_folder_names_its_holder() {
        let root = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(root.path(), Duration::ZERO).unwrap();
        first.announce("http://127.0.0.1:8790");
        let error = FolderLock::acquire(root.path(), Duration::from_secs(10)).err().unwrap();
        assert!(matches!(error, StartError::Locked { .. }));
        let text = error.to_string();
        let process = format!("process {} at http://127.0.0.1:8790", std::process::id());
        assert!(text.contains(&process), "{text}");
    }

    #[test]
    fn a_released_folder_can_be_locked_again() {
        let root = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(root.path(), Duration::ZERO).unwrap();
        first.release();
        assert!(FolderLock::acquire(root.path(), Duration::ZERO).is_ok());
    }
}
