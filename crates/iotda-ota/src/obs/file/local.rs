//! A local file by its checksum, for who wants nothing more of it.

use std::path::{Path, PathBuf};

use super::Source;
use crate::error::Error;
use crate::model::Checksum;
use crate::obs::background;
use crate::progress::Reporter;

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
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) if it cannot be read,
    /// [`ErrorKind::Mismatch`](crate::ErrorKind::Mismatch) if it changed meanwhile,
    /// [`is_invalid`](Error::is_invalid) if it is not a regular file.
    pub async fn read(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let source = background::run(move |_| Source::open(&path)).await??;
        let checksum = source.checksum(Reporter::default()).await?;
        Ok(Self { size: source.size(), path: source.path, checksum })
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
