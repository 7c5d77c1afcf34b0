//! Locks between processes, as files in a folder that they share.
//!
//! The system lets go of such a lock when its process ends, however it ends. So a lock that is held has somebody alive
//! behind it, and a file without one means nothing.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

/// How long is waited for somebody who makes no progress.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long is waited before anybody is told.
const NOTABLE: Duration = Duration::from_secs(1);

/// How often is looked whether they are done.
const PAUSE: Duration = Duration::from_millis(50);

/// How often whoever holds a lock shows that it makes progress.
const PULSE: Duration = Duration::from_secs(1);

/// A lock that is held until it is dropped. Its file names the process that holds it.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    // Closing the file is what lets go of the lock.
    file: Arc<File>,
}

/// Shows those who wait for a lock that its holder makes progress.
#[derive(Clone, Debug)]
pub(crate) struct Pulse {
    // Whoever has a pulse does not hold the lock.
    file: Weak<File>,
    last: Arc<Mutex<Option<Instant>>>,
}

/// Is told which process is waited for, as far as it is known, once that has lasted a moment.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Option<Arc<dyn Fn(Option<u32>) + Send + Sync>>);

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody else, the process of this number if it is known, holds it and makes no progress.
    Busy(Option<u32>),
    /// The file cannot be made or locked here.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock at this path, whose folder is made if need be. If somebody else holds it, it is waited for as long
    /// as they make progress, and a while more.
    pub(crate) async fn acquire(path: PathBuf, waiting: &Waiting) -> Result<Self, LockError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(LockError::Io)?;
        }
        let begin = Instant::now();
        let (mut seen, mut since, mut told) = (None, begin, false);
        loop {
            if let Some(lock) = Self::attempt(&path).map_err(LockError::Io)? {
                return Ok(lock);
            }
            let now = Instant::now();
            let sign = sign_of_life(&path);
            if sign != seen {
                (seen, since) = (sign, now);
            }
            if now >= since + PATIENCE {
                return Err(LockError::Busy(holder(&path)));
            }
            if !told && now >= begin + NOTABLE {
                waiting.tell(holder(&path));
                told = true;
            }
            sleep(PAUSE).await;
        }
    }

    /// Takes the lock unless somebody has it.
    pub(crate) fn attempt(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it may have removed the file between opening and locking it; then this is not the lock any more.
        if !is_at(&file, path) {
            return Ok(None);
        }
        let mut named = &file;
        // That nobody can read who holds it is no reason not to.
        let _ = file.set_len(0).and_then(|()| writeln!(named, "{}", std::process::id()));
        Ok(Some(Self { path: path.to_owned(), file: Arc::new(file) }))
    }

    pub(crate) fn pulse(&self) -> Pulse {
        Pulse { file: Arc::downgrade(&self.file), last: Arc::default() }
    }
}

impl Pulse {
    /// There is progress. Can be called often.
    pub(crate) fn beat(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < PULSE) {
            return;
        }
        *last = Some(Instant::now());
        if let Some(file) = self.file.upgrade() {
            // Who waits is patient for a while without it.
            let _ = file.set_modified(SystemTime::now());
        }
    }
}

impl Waiting {
    pub(crate) fn new(listener: impl Fn(Option<u32>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(listener)))
    }

    fn tell(&self, process: Option<u32>) {
        if let Some(listener) = &self.0 {
            listener(process);
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Waiting(..)" } else { "Waiting(none)" })
    }
}

/// What changes when whoever holds a lock makes progress, or is another one.
fn sign_of_life(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// The process that holds a lock, where the system lets others read the file.
fn holder(path: &Path) -> Option<u32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
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

    async fn acquire(path: &Path) -> Result<Lock, LockError> {
        Lock::acquire(path.to_owned(), &Waiting::default()).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_has_it_and_the_next_gets_it_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/on/demand/x.lock");
        let first = acquire(&path).await.unwrap();
        assert!(matches!(acquire(&path).await, Err(LockError::Busy(_))));
        drop(first);
        let second = acquire(&path).await.unwrap();
        assert!(matches!(acquire(&path).await, Err(LockError::Busy(_))));
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_it_as_soon_as_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let first = acquire(&path).await.unwrap();
        let second = tokio::spawn(async move { acquire(&path).await });
        sleep(PAUSE * 3).await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_for_whom_and_waits_as_long_as_there_is_progress() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let first = acquire(&path).await.unwrap();
        let told = Arc::<Mutex<Vec<_>>>::default();
        let heard = Arc::clone(&told);
        let waiting = Waiting::new(move |process| heard.lock().unwrap().push(process));
        let second = tokio::spawn(async move { Lock::acquire(path, &waiting).await });
        let pulse = first.pulse();
        for _ in 0..10 {
            sleep(PATIENCE / 2).await;
            pulse.beat();
        }
        assert!(!second.is_finished());
        // Where others cannot read a locked file it is not known who holds it.
        let holder = cfg!(unix).then(std::process::id);
        assert_eq!(*told.lock().unwrap(), [holder]);
        sleep(PATIENCE * 2).await;
        assert!(matches!(second.await.unwrap(), Err(LockError::Busy(process)) if process == holder));
        drop(first);
        // A pulse of a lock that is gone does nothing.
        pulse.beat();
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = acquire(&folder.path().join("file/x.lock")).await.unwrap_err();
        assert!(matches!(error, LockError::Io(_)), "{error:?}");
    }
}
