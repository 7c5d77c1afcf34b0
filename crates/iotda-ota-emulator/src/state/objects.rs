//! Objects in the store, as dumping and loading need them.

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::io::ReaderStream;

use super::line::ObjectLine;
use crate::identity::BUCKET;
use crate::store::{NewObject, Store, StoreError, Upload};

/// How many objects are deleted at the same time, so that they share commits.
const AT_ONCE: usize = 64;

/// An object that is being read.
pub(super) struct Reading {
    pub(super) about: ObjectLine,
    pub(super) bytes: ReaderStream<tokio::fs::File>,
}

/// Opens an object; nothing when it was deleted meanwhile.
pub(super) async fn open(
    store: &Store,
    (bucket, key): (String, String),
    chunk_bytes: usize,
) -> Result<Option<Reading>, StoreError> {
    Ok(store.open_object(bucket, key).await?.map(|(object, file)| Reading {
        about: ObjectLine {
            bucket: Some(object.bucket),
            key: object.key,
            content_type: Some(object.content_type),
            metadata: object.metadata,
            text: None,
        },
        bytes: ReaderStream::with_capacity(tokio::fs::File::from_std(file), chunk_bytes),
    }))
}

/// An object that is being written.
pub(super) struct Writing {
    about: NewObject,
    upload: Upload,
}

impl Writing {
    pub(super) fn begin(store: &Store, about: ObjectLine) -> Self {
        let about = NewObject {
            bucket: about.bucket.unwrap_or_else(|| BUCKET.to_owned()),
            key: about.key,
            content_type: about.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            metadata: about.metadata,
        };
        Self { about, upload: store.begin_upload() }
    }

    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.upload.write(bytes.into()).await
    }

    pub(super) async fn finish(self, store: &Store) -> Result<(), StoreError> {
        store.put_object(self.about, self.upload.finish().await?).await?;
        Ok(())
    }
}

/// Deletes all objects.
pub(super) async fn clear(store: &Store) -> Result<(), StoreError> {
    let names = store.object_names().await?;
    let deletions = stream::iter(names).map(|(bucket, key)| store.delete_object(bucket, key));
    deletions.buffer_unordered(AT_ONCE).try_collect::<()>().await
}
