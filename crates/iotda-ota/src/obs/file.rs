//! Local files: what tells one state of a file from another, and a file whose content was read once.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::background;
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Phase, Reporter};

/// How much of a file is read at a time for its checksum.
const BLOCK: usize = 1024 * 1024;

/// A local file whose content was read once: size and SHA-256 are known.
#[derive(Clone, Debug)]
pub struct LocalFile {
    path: PathBuf,
    size: u64,
    checksum: Checksum,
}

impl LocalFile {
    /// Reads a file to its end, in blocks, and computes its SHA-256. Symbolic links are followed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::Mismatch`] if it changed meanwhile,
    /// [`is_invalid`](Error::is_invalid) if it is not a regular file.
    pub async fn read(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::read_with(path.into(), Reporter::default()).await
    }

    pub(crate) async fn read_with(path: PathBuf, progress: Reporter) -> Result<Self, Error> {
        background::run(move |stop| {
            let mut source = Source::open(&path)?;
            let total = source.size();
            let mut digest = Sha256::new();
            let mut block = Vec::with_capacity(BLOCK);
            let mut size = 0;
            progress.report(Phase::Hash, 0, total);
            loop {
                source.read_into(&mut block, BLOCK as u64)?;
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
            source.require_unchanged()?;
            Ok(Self { path, size, checksum: Checksum::from_digest(digest.finalize().into()) })
        })
        .await?
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The SHA-256 of its content.
    pub fn checksum(&self) -> &Checksum {
        &self.checksum
    }
}

/// One state of one file: should any of this differ, the content may, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// The canonical path; only for comparison, so letters that are not UTF-8 may be replaced.
    path: String,
    size: u64,
    /// Seconds and nanoseconds since 1970, where the system tells them.
    modified: Option<(u64, u32)>,
    /// Device and number, where the system has them.
    inode: Option<(u64, u64)>,
}

/// An open file, and the state that it was in when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: File,
    identity: Identity,
}

impl Source {
    /// Opens a regular file.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |error| unreadable(path, error);
        // Opening a pipe would wait for somebody who writes into it, so it is looked at first.
        if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(Error::new(ErrorKind::Invalid, format!("{} is not a regular file", path.display()))
                .with_hint("write the data into a file first: what is sent may have to be read again"));
        }
        let file = File::open(path).map_err(unreadable)?;
        let canonical = std::fs::canonicalize(path).map_err(unreadable)?;
        let identity = identity(canonical.to_string_lossy().into_owned(), &file.metadata().map_err(unreadable)?);
        Ok(Self { path: path.to_owned(), file, identity })
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The size when it was opened.
    pub(super) fn size(&self) -> u64 {
        self.identity.size
    }

    /// Replaces the content of `block` with the next bytes, at most so many; fewer only at the end.
    pub(super) fn read_into(&mut self, block: &mut Vec<u8>, most: u64) -> Result<(), Error> {
        block.clear();
        (&self.file).take(most).read_to_end(block).map_err(|error| unreadable(&self.path, error))?;
        Ok(())
    }

    /// An error if the file was written to since, or if another one lies at its path.
    pub(super) fn require_unchanged(&self) -> Result<(), Error> {
        let same = |metadata: Metadata| identity(self.identity.path.clone(), &metadata) == self.identity;
        let open = self.file.metadata().map(same).map_err(|error| unreadable(&self.path, error))?;
        let there = std::fs::metadata(&self.path).map(same).unwrap_or(false);
        if open && there { Ok(()) } else { Err(self.changed()) }
    }

    /// The error of a file that changed.
    pub(super) fn changed(&self) -> Error {
        changed(&self.path)
    }
}

fn identity(path: String, metadata: &Metadata) -> Identity {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = modified.map(|since| (since.as_secs(), since.subsec_nanos()));
    Identity { path, size: metadata.len(), modified, inode: inode(metadata) }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> Option<(u64, u64)> {
    None
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be read", path.display())).with_source(error)
}

/// The error of a file that is not the same any more.
fn changed(path: &Path) -> Error {
    Error::new(ErrorKind::Mismatch, format!("{} changed while it was being published", path.display()))
        .with_hint("wait until the file is complete, then publish again")
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
        let changes: [fn(&Path); 4] = [
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
        ];
        for (at, change) in changes.iter().enumerate() {
            // Without inodes the last one cannot be told.
            if at == 3 && cfg!(not(unix)) {
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
