//! Upload of a local file in a single PUT.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderValue, Method};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::watch::Watch;
use super::{Answer, ObjectInfo, Obs, get, header};
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::progress::{Phase, Reporter};

/// How much of a file is read at a time for its checksum.
const BLOCK: usize = 1024 * 1024;

/// How much is handed to the connection at a time. Each block has to leave within the limit on silence.
const SENT_BLOCK: usize = 256 * 1024;

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
    pub async fn upload(&self, bucket: &str, key: &str, file: &LocalFile) -> Result<ObjectInfo, Error> {
        self.upload_with(bucket, key, file, Reporter::default()).await
    }

    pub(crate) async fn upload_with(
        &self,
        bucket: &str,
        key: &str,
        file: &LocalFile,
        progress: Reporter,
    ) -> Result<ObjectInfo, Error> {
        let opened = File::open(&file.path).await.map_err(|error| unreadable(&file.path, error))?;
        let metadata = opened.metadata().await.map_err(|error| unreadable(&file.path, error))?;
        if !file.is_unchanged(&metadata) {
            return Err(changed(&file.path));
        }
        let mut draft = self.draft("obs_put_object", Method::PUT, bucket, key);
        draft.headers.insert(CONTENT_LENGTH, HeaderValue::from(file.size));
        draft.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        draft.headers.insert("x-obs-content-sha256", header(file.checksum.as_str())?);
        let fault = Fault::default();
        let blocks = Blocks { file: opened, done: 0, size: file.size };
        let body = blocks.stream(progress, draft.watch.clone(), fault.clone());
        draft.body = Some(reqwest::Body::wrap_stream(body));
        let sent = self.send(draft).await;
        if let Some(error) = fault.take() {
            return Err(unreadable(&file.path, error));
        }
        // The store's word on a file that changed meanwhile would be hard to understand.
        let now = tokio::fs::metadata(&file.path).await;
        if now.is_ok_and(|metadata| !file.is_unchanged(&metadata)) {
            return Err(changed(&file.path));
        }
        let Answer { response, request_id, .. } = sent?;
        Ok(ObjectInfo { size: file.size, etag: get::text(response.headers(), ETAG), request_id })
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
struct Blocks {
    file: File,
    done: u64,
    size: u64,
}

impl Blocks {
    fn stream(self, progress: Reporter, watch: Watch, fault: Fault) -> impl Stream<Item = io::Result<Bytes>> + Send {
        progress.report(Phase::Upload, 0, self.size);
        try_unfold(self, move |mut blocks| {
            let (progress, watch, fault) = (progress.clone(), watch.clone(), fault.clone());
            async move {
                let block = blocks.next().await.map_err(|error| fault.keep(error))?;
                // That the connection asks for more means that what it had has left.
                watch.touch();
                if block.is_empty() {
                    return Ok(None);
                }
                progress.report(Phase::Upload, blocks.done, blocks.size);
                Ok(Some((block, blocks)))
            }
        })
    }

    async fn next(&mut self) -> io::Result<Bytes> {
        let most = (self.size - self.done).min(SENT_BLOCK as u64);
        let mut block = Vec::with_capacity(SENT_BLOCK);
        (&mut self.file).take(most).read_to_end(&mut block).await?;
        self.done += block.len() as u64;
        Ok(Bytes::from(block))
    }
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("{} cannot be read", path.display())).with_source(error)
}

fn changed(path: &Path) -> Error {
    Error::new(ErrorKind::Mismatch, format!("{} changed while it was being published", path.display()))
        .with_hint("wait until the file is complete, then publish again")
}
