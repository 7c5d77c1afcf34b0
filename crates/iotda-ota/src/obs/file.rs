//! Local files: a [`Source`] is open, and reads what was opened or finds out that it changed.
//!
//! What tells one state of a file from another is in `identity`, a file of which only size and checksum count in `local`.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::background;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Phase, Reporter};

mod identity;
mod local;

pub(super) use identity::Identity;
use identity::change_time;
pub use local::LocalFile;

/// How much of a file is read at a time for its checksum.
const BLOCK: usize = 1024 * 1024;

/// An open file, and the state that it was in when it was opened. A clone is the same open file, read from a place of its
/// own.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: Arc<File>,
    /// Where reading goes on.
    at: u64,
    identity: Identity,
    /// When anything about the file changed last, which nobody can set back. Copying a file or linking to it changes that,
    /// too, so it counts only as long as the file is open, and not for whoever goes on with an upload.
    change_time: Option<(i64, i64)>,
    /// The SHA-256 of this state, from the first time that it was read to its end.
    checksum: Arc<OnceLock<Checksum>>,
}

impl Source {
    /// Opens a regular file.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |error| unreadable(path, error);
        // Opening a pipe would wait for somebody who writes into it, so it is looked at first.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(Error::new(ErrorKind::Invalid, format!("{} is not a regular file", path.display()))
                .with_hint("write the data into a file first: what is sent may have to be read again"));
        }
        Self::of(path, File::open(path).map_err(unreadable)?).map_err(unreadable)
    }

    /// A regular file that is open already.
    pub(crate) fn of(path: &Path, file: File) -> io::Result<Self> {
        let (canonical, metadata) = (std::fs::canonicalize(path)?, file.metadata()?);
        let identity = Identity::new(canonical.to_string_lossy().into_owned(), &metadata);
        let (file, change_time) = (Arc::new(file), change_time(&metadata));
        Ok(Self { path: path.to_owned(), file, at: 0, identity, change_time, checksum: Arc::default() })
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The size when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.identity.size
    }

    /// Reads the file to its end, in blocks, and computes its SHA-256; the second time it only looks whether the file is
    /// still the same.
    pub(crate) async fn checksum(&self, progress: Reporter) -> Result<Checksum, Error> {
        let mut source = self.clone();
        background::run(move |stop| {
            if let Some(checksum) = source.known_checksum() {
                source.require_unchanged()?;
                return Ok(checksum.clone());
            }
            let total = source.size();
            let mut digest = Sha256::new();
            let mut block = Vec::with_capacity(BLOCK);
            let mut size = 0;
            source.rewind();
            progress.report(Phase::Hash, 0, total);
            loop {
                source.read_into(&mut block, BLOCK)?;
                if block.is_empty() || stop.is_wanted() {
                    break;
                }
                digest.update(&block);
                size += block.len() as u64;
                progress.report(Phase::Hash, size, total);
            }
            if size != total {
                return Err(source.changed());
            }
            source.read_as(Checksum::from_digest(digest.finalize().into()))
        })
        .await?
    }

    /// The SHA-256, if the file was read to its end.
    pub(super) fn known_checksum(&self) -> Option<&Checksum> {
        self.checksum.get()
    }

    /// Keeps what was computed while the file was read to its end, unless it changed meanwhile.
    pub(super) fn read_as(&self, checksum: Checksum) -> Result<Checksum, Error> {
        self.require_unchanged()?;
        Ok(self.checksum.get_or_init(|| checksum).clone())
    }

    /// Goes to the begin.
    pub(super) fn rewind(&mut self) {
        self.at = 0;
    }

    /// Replaces the content of `block` with the next bytes, at most so many; fewer only at the end.
    ///
    /// What is in the block is written over, so that using it again costs no clearing.
    pub(super) fn read_into(&mut self, block: &mut Vec<u8>, most: usize) -> Result<(), Error> {
        block.resize(most, 0);
        let mut filled = 0;
        while filled < most {
            match read_at(&self.file, &mut block[filled..], self.at) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.at += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.path, error)),
            }
        }
        block.truncate(filled);
        Ok(())
    }

    /// An error if the file was written to since, or if another one lies at its path.
    pub(crate) fn require_unchanged(&self) -> Result<(), Error> {
        let same = |metadata: Metadata| {
            Identity::new(self.identity.path.clone(), &metadata) == self.identity
                && change_time(&metadata) == self.change_time
        };
        let open = self.file.metadata().map(same).map_err(|error| unreadable(&self.path, error))?;
        let there = std::fs::metadata(&self.path).map(same).unwrap_or(false);
        if open && there { Ok(()) } else { Err(self.changed()) }
    }

    /// The error of a file that changed.
    pub(super) fn changed(&self) -> Error {
        Error::new(ErrorKind::Mismatch, format!("{} changed while it was being published", self.path.display()))
            .with_hint("wait until the file is complete, then publish again")
    }
}

#[cfg(unix)]
fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, block, at)
}

#[cfg(windows)]
fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, block, at)
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be read", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(content: &[u8]) -> (tempfile::TempDir, PathBuf, Source) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.bin");
        std::fs::write(&path, content).unwrap();
        let source = Source::open(&path).unwrap();
        (folder, path, source)
    }

    #[test]
    fn a_file_that_grows_shrinks_goes_or_is_replaced_is_noticed() {
        let changes: [fn(&Path); 5] = [
            |path| std::fs::write(path, b"longer than before").unwrap(),
            |path| std::fs::write(path, b"").unwrap(),
            |path| std::fs::remove_file(path).unwrap(),
            |path| {
                let other = path.with_extension("new");
                std::fs::write(&other, b"firmware").unwrap();
                // The same size and time: only the file itself is another one.
                let modified = std::fs::metadata(path).unwrap().modified().unwrap();
                File::options().write(true).open(&other).unwrap().set_modified(modified).unwrap();
                std::fs::rename(&other, path).unwrap();
            },
            |path| {
                let before = std::fs::metadata(path).unwrap();
                // File systems count in steps of some milliseconds.
                while change_time(&std::fs::metadata(path).unwrap()) == change_time(&before) {
                    std::fs::write(path, b"FIRMWARE").unwrap();
                    File::options().write(true).open(path).unwrap().set_modified(before.modified().unwrap()).unwrap();
                    if cfg!(not(unix)) {
                        break;
                    }
                }
            },
        ];
        for (at, change) in changes.iter().enumerate() {
            // Without inodes these cannot be told.
            if at >= 3 && cfg!(not(unix)) {
                continue;
            }
            let (_folder, path, source) = source(b"firmware");
            source.require_unchanged().unwrap();
            change(&path);
            assert_eq!(source.require_unchanged().unwrap_err().kind(), ErrorKind::Mismatch, "{at}");
        }
    }

    #[test]
    fn a_link_is_the_file_that_it_leads_to() {
        let (folder, path, source) = source(b"firmware");
        let link = folder.path().join("link.bin");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, &link).unwrap();
        #[cfg(not(unix))]
        std::fs::hard_link(&path, &link).unwrap();
        assert_eq!(Source::open(&link).unwrap().identity().inode, source.identity().inode);
    }

    #[tokio::test]
    async fn a_file_is_read_once_and_the_second_time_only_looked_at() {
        let (_folder, path, source) = source(b"firmware");
        let first = source.checksum(Reporter::default()).await.unwrap();
        let silent = Reporter::new(|_| panic!("it is read again"));
        assert_eq!(source.clone().checksum(silent.clone()).await.unwrap(), first);
        std::fs::write(path, b"longer than before").unwrap();
        assert_eq!(source.checksum(silent).await.unwrap_err().kind(), ErrorKind::Mismatch);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_no_regular_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/null")] {
            assert!(LocalFile::read(path).await.unwrap_err().is_invalid());
        }
        assert_eq!(LocalFile::read(folder.path().join("missing")).await.unwrap_err().kind(), ErrorKind::Io);
    }
}
