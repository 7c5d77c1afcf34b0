//! The bytes of an object, from one file after the other.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use futures_util::Stream;
use sha2::{Digest, Sha256};

use super::files::{Files, KeptFile};
use super::leases::Lease;

/// How much is read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// An object that is being read. Its methods block.
pub(crate) struct ObjectReader {
    folder: Files,
    files: std::vec::IntoIter<KeptFile>,
    current: Option<File>,
    /// How many bytes of what follows are not wanted.
    skip: u64,
    /// How many bytes are still wanted.
    remaining: u64,
    _lease: Lease,
}

impl ObjectReader {
    pub(super) fn new(folder: Files, files: Vec<KeptFile>, lease: Lease) -> Self {
        let remaining = files.iter().map(|file| file.size).sum();
        Self { folder, files: files.into_iter(), current: None, skip: 0, remaining, _lease: lease }
    }

    /// Reads only this many bytes from this one on.
    pub(crate) fn range(mut self, first: u64, length: u64) -> Self {
        self.skip = first;
        self.remaining = length;
        self
    }

    /// The next bytes, or nothing at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        while self.remaining > 0 {
            let Some(file) = &mut self.current else {
                self.current = Some(self.open_next()?);
                continue;
            };
            let most = self.remaining.min(CHUNK_BYTES as u64);
            let mut bytes = Vec::with_capacity(usize::try_from(most).unwrap_or(CHUNK_BYTES));
            let count = file.take(most).read_to_end(&mut bytes)?;
            if count > 0 {
                self.remaining -= count as u64;
                return Ok(Some(bytes.into()));
            }
            self.current = None;
        }
        Ok(None)
    }

    fn open_next(&mut self) -> io::Result<File> {
        for next in self.files.by_ref() {
            if self.skip >= next.size {
                self.skip -= next.size;
                continue;
            }
            let mut file = self.folder.open(&next)?;
            file.seek(SeekFrom::Start(std::mem::take(&mut self.skip)))?;
            return Ok(file);
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// The SHA-256 of everything, in lower-case hexadecimal digits.
    pub(super) fn sha256(mut self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        while let Some(bytes) = self.next()? {
            hasher.update(&bytes);
        }
        Ok(super::hex(&hasher.finalize()))
    }

    /// The bytes as they are asked for, read by threads that may block.
    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send {
        futures_util::stream::unfold(Some(self), |reader| async {
            let mut reader = reader?;
            let read = tokio::task::spawn_blocking(move || {
                let bytes = reader.next();
                // The end and an error give the lease back here, where that may block.
                (matches!(bytes, Ok(Some(_))).then_some(reader), bytes)
            });
            match read.await {
                Ok((reader, Ok(Some(bytes)))) => Some((Ok(bytes), reader)),
                Ok((_, Ok(None))) => None,
                Ok((_, Err(error))) => Some((Err(error), None)),
                Err(error) => Some((Err(io::Error::other(error)), None)),
            }
        })
    }
}
