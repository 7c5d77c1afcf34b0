//! Objects in the store, as dumping and loading need them: whole, however many files they are kept in.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::io::AsyncReadExt;
use tokio_util::io::StreamReader;

use super::line::{MOST_CHUNK_BYTES, ObjectLine};
use crate::identity::BUCKET;
use crate::store::{Incoming, NewObject, Store, StoreError, Wanted, hex};

/// An object that is being read.
pub(super) struct Reading {
    bytes: StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>,
}

impl Reading {
    /// Opens an object; nothing when it was deleted meanwhile.
    pub(super) async fn open(
        store: &Store,
        (bucket, key): (String, String),
    ) -> Result<Option<(ObjectLine, Self)>, StoreError> {
        Ok(store.open_object(bucket, key).await?.map(|(object, reader)| {
            let about = ObjectLine {
                bucket: Some(object.about.bucket),
                key: object.about.key,
                content_type: Some(object.about.content_type),
                metadata: object.about.metadata,
                etag: Some(object.content.etag),
                text: None,
            };
            (about, Self { bytes: StreamReader::new(reader.into_stream().boxed()) })
        }))
    }

    /// The bytes of the next line, or nothing at the end. Only the last line has fewer than it can have, so that the same
    /// bytes make the same lines.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::with_capacity(MOST_CHUNK_BYTES);
        (&mut self.bytes).take(MOST_CHUNK_BYTES as u64).read_to_end(&mut bytes).await?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

/// An object that is being written.
pub(super) struct Writing {
    about: NewObject,
    etag: Option<String>,
    incoming: Incoming,
}

impl Writing {
    pub(super) fn begin(store: &Store, about: ObjectLine) -> Self {
        // Without an ETag in the file the object gets that of a PUT.
        let wanted = Wanted { md5: about.etag.is_none(), sha256: false };
        Self {
            about: NewObject {
                bucket: about.bucket.unwrap_or_else(|| BUCKET.to_owned()),
                key: about.key,
                content_type: about.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
                metadata: about.metadata,
            },
            etag: about.etag,
            incoming: store.receive(wanted),
        }
    }

    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.incoming.write(bytes.into()).await
    }

    pub(super) async fn finish(self, store: &Store) -> Result<(), StoreError> {
        let received = self.incoming.finish().await?;
        let etag = self.etag.unwrap_or_else(|| hex(&received.digests.md5.unwrap_or_default()));
        store.put_object(self.about, etag, received).await?;
        Ok(())
    }
}
