//! Objects in the store, as dumping and loading need them.

use std::io;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use super::line::ObjectLine;
use crate::identity::BUCKET;
use crate::store::{Incoming, NewObject, Store, StoreError, Wanted, hex};

/// How many objects are deleted at the same time, so that they share commits.
const AT_ONCE: usize = 64;

/// An object that is being read.
pub(super) struct Reading {
    pub(super) about: ObjectLine,
    pub(super) bytes: BoxStream<'static, io::Result<Bytes>>,
}

/// Opens an object; nothing when it was deleted meanwhile.
pub(super) async fn open(store: &Store, (bucket, key): (String, String)) -> Result<Option<Reading>, StoreError> {
    Ok(store.open_object(bucket, key).await?.map(|(object, reader)| Reading {
        about: ObjectLine {
            bucket: Some(object.about.bucket),
            key: object.about.key,
            content_type: Some(object.about.content_type),
            metadata: object.about.metadata,
            text: None,
        },
        bytes: reader.into_stream().boxed(),
    }))
}

/// An object that is being written.
pub(super) struct Writing {
    about: NewObject,
    incoming: Incoming,
}

impl Writing {
    pub(super) fn begin(store: &Store, about: ObjectLine) -> Self {
        let about = NewObject {
            bucket: about.bucket.unwrap_or_else(|| BUCKET.to_owned()),
            key: about.key,
            content_type: about.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            metadata: about.metadata,
        };
        // The ETag is the MD5, as for an object that was put.
        Self { about, incoming: store.receive(Wanted { md5: true, sha256: false }) }
    }

    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.incoming.write(bytes.into()).await
    }

    pub(super) async fn finish(self, store: &Store) -> Result<(), StoreError> {
        let received = self.incoming.finish().await?;
        let etag = hex(&received.digests.md5.unwrap_or_default());
        store.put_object(self.about, etag, received).await?;
        Ok(())
    }
}

/// Deletes all objects.
pub(super) async fn clear(store: &Store) -> Result<(), StoreError> {
    let names = store.object_names().await?;
    let deletions = stream::iter(names).map(|(bucket, key)| store.delete_object(bucket, key));
    deletions.buffer_unordered(AT_ONCE).try_collect::<()>().await
}
