//! Upload of a local file in a single PUT.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::{Obs, header};
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Phase, Reporter};

/// How much of a file is in memory at a time.
const BLOCK: usize = 1024 * 1024;

/// A local file whose content was read once: size and SHA-256 are known.
///
/// Should the file change between [`read`](Self::read) and its upload, the upload fails.
#[derive(Clone, Debug)]
pub struct LocalFile {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    checksum: Checksum,
}

impl LocalFile {
    /// Reads a file to its end, in blocks, and computes its SHA-256.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] if it cannot be read.
    pub async fn read(path: impl Into<PathBuf>) -> Result<Self, Error> {
        Self::read_with(path.into(), Reporter::default()).await
    }

    pub(crate) async fn read_with(path: PathBuf, progress: Reporter) -> Result<Self, Error> {
        let mut file = File::open(&path).await.map_err(|error| unreadable(&path, error))?;
        let metadata = file.metadata().await.map_err(|error| unreadable(&path, error))?;
        let mut digest = Sha256::new();
        let mut block = Vec::with_capacity(BLOCK);
        let mut size = 0;
        progress.report(Phase::Hash, 0, metadata.len());
        loop {
            block.clear();
            let read = (&mut file).take(BLOCK as u64).read_to_end(&mut block).await;
            if read.map_err(|error| unreadable(&path, error))? == 0 {
                break;
            }
            digest.update(&block);
            size += block.len() as u64;
            progress.report(Phase::Hash, size, metadata.len());
        }
        let checksum = Checksum::from_digest(digest.finalize().into());
        Ok(Self { path, size, modified: metadata.modified().ok(), checksum })
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

    fn is_unchanged(&self, metadata: &Metadata) -> bool {
        metadata.len() == self.size && metadata.modified().ok() == self.modified
    }
}

impl Obs {
    /// Uploads a file in one PUT, in constant memory; an existing object of the key is replaced.
    ///
    /// OBS is told the SHA-256 of the bytes and is documented to refuse others.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`] if the file changed since it was read, [`ErrorKind::Unavailable`] if the upload broke
    /// off, [`is_denied`](Error::is_denied) if the key may not write there.
    pub async fn upload(&self, bucket: &str, key: &str, file: &LocalFile) -> Result<(), Error> {
        self.upload_with(bucket, key, file, Reporter::default()).await
    }

    pub(crate) async fn upload_with(
        &self,
        bucket: &str,
        key: &str,
        file: &LocalFile,
        progress: Reporter,
    ) -> Result<(), Error> {
        const OPERATION: &str = "obs_put_object";
        let opened = File::open(&file.path).await.map_err(|error| unreadable(&file.path, error))?;
        let metadata = opened.metadata().await.map_err(|error| unreadable(&file.path, error))?;
        if !file.is_unchanged(&metadata) {
            return Err(changed(&file.path));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from(file.size));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert("x-obs-content-sha256", header(file.checksum.as_str())?);
        let fault = Fault::default();
        let body = reqwest::Body::wrap_stream(blocks(opened, file.size, progress, fault.clone()));
        let sent = self.send(OPERATION, Method::PUT, (bucket, key), headers, Some(body)).await;
        if let Some(error) = fault.take() {
            return Err(unreadable(&file.path, error));
        }
        // The store's word on a file that changed meanwhile would be hard to understand.
        let now = tokio::fs::metadata(&file.path).await;
        if now.is_ok_and(|metadata| !file.is_unchanged(&metadata)) {
            return Err(changed(&file.path));
        }
        sent.map(|_| ())
    }
}

/// What went wrong with the file while it was sent; the HTTP client would only say that the request broke.
#[derive(Clone, Default)]
struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    /// Keeps the error and gives the HTTP client a copy.
    fn keep(&self, error: io::Error) -> io::Error {
        let copy = io::Error::from(error.kind());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        copy
    }

    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The file block by block, never more than was promised.
fn blocks(file: File, size: u64, progress: Reporter, fault: Fault) -> impl Stream<Item = io::Result<Bytes>> + Send {
    progress.report(Phase::Upload, 0, size);
    try_unfold((file, 0), move |(mut file, done)| {
        let (progress, fault) = (progress.clone(), fault.clone());
        async move {
            let mut block = Vec::with_capacity(BLOCK);
            let left = (size - done).min(BLOCK as u64);
            (&mut file).take(left).read_to_end(&mut block).await.map_err(|error| fault.keep(error))?;
            if block.is_empty() {
                return Ok(None);
            }
            let done = done + block.len() as u64;
            progress.report(Phase::Upload, done, size);
            Ok(Some((Bytes::from(block), (file, done))))
        }
    })
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be read", path.display())).with_source(error)
}

fn changed(path: &Path) -> Error {
    Error::new(ErrorKind::Mismatch, format!("{} changed while it was being published", path.display()))
        .with_hint("wait until the file is complete, then publish again")
}
