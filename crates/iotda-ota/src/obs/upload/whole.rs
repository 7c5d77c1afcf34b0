//! Upload of a small file: read into memory, hashed, sent in a single PUT.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, ETAG};
use sha2::{Digest, Sha256};

use super::{Sent, Upload};
use crate::error::Error;
use crate::model::Checksum;
use crate::obs::background;
use crate::obs::file::Source;
use crate::obs::multipart::{BINARY, CONTENT_SHA256};
use crate::obs::request::{Request, header, text};
use crate::progress::{Meter, Phase};

/// How much is hashed between two reports.
const BLOCK: usize = 1024 * 1024;

impl Upload {
    /// Sends the file.
    pub(super) async fn send_whole(&self, source: Source) -> Result<Sent, Error> {
        let progress = self.progress.clone();
        let read = move |_: &_| {
            let mut source = source;
            let size = source.size();
            source.rewind();
            let mut bytes = Vec::new();
            // One byte more than there should be shows a file that grew.
            source.read_into(&mut bytes, usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1))?;
            if bytes.len() as u64 != size {
                return Err(source.changed());
            }
            let meter = Meter::start(progress, Phase::Hash, size);
            let mut digest = Sha256::new();
            for block in bytes.chunks(BLOCK) {
                digest.update(block);
                meter.add(block.len() as u64);
            }
            let checksum = source.read_as(Checksum::from_digest(digest.finalize().into()))?;
            Ok((source, Bytes::from(bytes), checksum))
        };
        let (source, bytes, checksum) = background::run(read).await??;
        let meter = Meter::start(self.progress.clone(), Phase::Upload, source.size());
        let request = Request::new("obs_put_object", Method::PUT, &self.bucket, &self.key)
            .header(CONTENT_TYPE, BINARY)
            .header(CONTENT_SHA256, header(checksum.as_str())?)
            .body(bytes, Some(Arc::new(meter)));
        let reply = self.obs.call_unless_damaged(&request).await?;
        if let Err(changed) = source.require_unchanged() {
            // What was stored is what was read, but nobody wants it any more, and it would be in the way.
            if !self.replace
                && let Err(error) = self.obs.delete(&self.bucket, &self.key).await
            {
                tracing::warn!(%error, "the object of a file that changed meanwhile stays");
            }
            return Err(changed);
        }
        Ok(Sent { etag: text(&reply.headers, ETAG), request_id: reply.request_id, checksum, found: false })
    }
}
