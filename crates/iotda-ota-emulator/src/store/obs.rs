//! What the store does for OBS: buckets, objects, multipart uploads.
//!
//! Bytes are received first ([`Store::receive`]); only complete ones become an object or a part. Every operation that
//! changes both files and records runs to its end once it began, even if its caller goes away.

use std::sync::Arc;

use super::digests::Wanted;
use super::incoming::{Incoming, Received};
use super::keys::{KeyPage, KeyQuery};
use super::multipart::{self, Part, Upload, UploadName};
use super::objects::{self, Bucket, Content, NewObject, Object, Removed};
use super::reader::ObjectReader;
use super::{Store, StoreError, sums};
use crate::clock::unix_seconds;
use crate::rules::multipart::ListedPart;

impl Store {
    /// A bucket, or nothing.
    pub(crate) async fn bucket(&self, bucket: String) -> Result<Option<Bucket>, StoreError> {
        self.read(move |connection| objects::find_bucket(connection, &bucket)).await
    }

    /// The buckets that were made, with the names of their users; of one that is everybody's the name is empty.
    pub(crate) async fn made_buckets(&self) -> Result<Vec<(String, String)>, StoreError> {
        let bucket = self.inner.bucket;
        self.read(move |connection| objects::other_buckets(connection, bucket)).await
    }

    /// Makes a bucket, unless there is one of that name; returns the one that is there then.
    pub(crate) async fn create_bucket(&self, bucket: String, owner: String) -> Result<Bucket, StoreError> {
        self.inner.writer.run(move |connection| objects::create_bucket(connection, &bucket, &owner)).await
    }

    /// Begins to receive the bytes of an object or of a part.
    pub(crate) fn receive(&self, wanted: Wanted) -> Incoming {
        self.inner.files.receive(wanted)
    }

    /// Makes received bytes an object, in place of the one that had the key before.
    pub(crate) async fn put_object(
        &self,
        about: NewObject,
        etag: String,
        received: Received,
    ) -> Result<Object, StoreError> {
        let sha256 = received.digests.sha256.map(|digest| super::hex(&digest));
        self.to_the_end(async move |store| {
            let kept = store.keep(received).await?;
            let modified = store.now();
            let content = Content { size: kept.size, etag, sha256 };
            // After a failed commit it is not certain which files the record names, so all stay; the next start sets
            // aside those that it does not.
            let write = move |connection: &_| objects::put(connection, about, content, modified, &[kept]);
            let (object, replaced) = store.inner.writer.run(write).await?;
            store.discard(replaced).await;
            Ok(object)
        })
        .await
    }

    /// What is known of an object, or nothing.
    pub(crate) async fn object(&self, bucket: String, key: String) -> Result<Option<Object>, StoreError> {
        self.read(move |connection| objects::find(connection, &bucket, &key)).await
    }

    /// An object and its bytes, or nothing.
    pub(crate) async fn open_object(
        &self,
        bucket: String,
        key: String,
    ) -> Result<Option<(Object, ObjectReader)>, StoreError> {
        let inner = Arc::clone(&self.inner);
        self.read(move |connection| {
            while let Some(object) = objects::find(connection, &bucket, &key)? {
                let lease = inner.leases.take(object.id, &inner.files);
                let files = objects::files(connection, object.id)?;
                // The record may have gone before the lease was taken. If it is there now, whoever deletes it later
                // sees the lease.
                if objects::find(connection, &bucket, &key)?.is_some_and(|found| found.id == object.id) {
                    if files.iter().map(|file| file.size).sum::<u64>() != object.content.size {
                        return Err(sums::damaged("an object does not have all its files").into());
                    }
                    return Ok(Some((object, ObjectReader::new(inner.files.clone(), files, lease))));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Makes sure that the SHA-256 of an object is known, if the object is there.
    pub(super) async fn find_sha256(&self, bucket: String, key: String) -> Result<(), StoreError> {
        let Some((object, reader)) = self.open_object(bucket, key).await? else {
            return Ok(());
        };
        let read = tokio::task::spawn_blocking(move || reader.sha256());
        let sha256 = read.await.map_err(|_| StoreError::Closed)??;
        self.inner.writer.run(move |connection| objects::set_sha256(connection, object.id, &sha256)).await
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete_object(&self, bucket: String, key: String) -> Result<(), StoreError> {
        self.to_the_end(async move |store| {
            let removed = store.inner.writer.run(move |connection| objects::delete(connection, &bucket, &key)).await?;
            store.discard(removed).await;
            Ok(())
        })
        .await
    }

    /// One page of the objects of a bucket.
    pub(crate) async fn list_objects(&self, bucket: String, query: KeyQuery) -> Result<KeyPage<Object>, StoreError> {
        self.read(move |connection| objects::list(connection, &bucket, &query)).await
    }

    /// Begins a multipart upload.
    pub(crate) async fn create_upload(&self, about: NewObject) -> Result<Upload, StoreError> {
        let clock = Arc::clone(&self.inner.clock);
        let now = self.now();
        self.inner.writer.run(move |connection| multipart::create(connection, clock.as_ref(), about, now)).await
    }

    /// An upload that is neither completed nor aborted; any other is refused.
    pub(crate) async fn upload(&self, name: UploadName) -> Result<Upload, StoreError> {
        self.read(move |connection| multipart::find(connection, &name)).await
    }

    /// One page of the uploads of a bucket; of the marker's own key, those after `id_marker`.
    pub(crate) async fn list_uploads(
        &self,
        bucket: String,
        query: KeyQuery,
        id_marker: String,
    ) -> Result<KeyPage<Upload>, StoreError> {
        self.read(move |connection| multipart::list(connection, &bucket, &query, &id_marker)).await
    }

    /// Makes received bytes a part, in place of the one that had the number before.
    pub(crate) async fn put_part(
        &self,
        name: UploadName,
        number: u32,
        etag: String,
        received: Received,
    ) -> Result<(), StoreError> {
        self.to_the_end(async move |store| {
            let kept = store.keep(received).await?;
            let part = Part { number, size: kept.size, etag, modified: store.now() };
            let file = kept.clone();
            let write = move |connection: &_| multipart::put_part(connection, &name, &part, &file);
            match store.inner.writer.run(write).await {
                Ok(replaced) => store.remove(replaced.into_iter().collect()).await,
                // The upload is gone, and nothing was written.
                Err(StoreError::Rejected(rejection)) => {
                    store.remove(vec![kept]).await;
                    return Err(StoreError::Rejected(rejection));
                }
                Err(error) => return Err(error),
            }
            Ok(())
        })
        .await
    }

    /// At most so many parts of an upload with higher numbers than `after`.
    pub(crate) async fn list_parts(&self, name: UploadName, after: u32, most: usize) -> Result<Vec<Part>, StoreError> {
        self.read(move |connection| multipart::list_parts(connection, &name, after, most)).await
    }

    /// Makes the listed parts an object, in place of the one that had the key before.
    pub(crate) async fn complete_upload(
        &self,
        name: UploadName,
        listed: Vec<ListedPart>,
    ) -> Result<Object, StoreError> {
        self.to_the_end(async move |store| {
            let now = store.now();
            let write = move |connection: &_| multipart::complete(connection, &name, &listed, now);
            let completed = store.inner.writer.run(write).await?;
            store.remove(completed.unlisted).await;
            store.discard(completed.replaced).await;
            Ok(completed.object)
        })
        .await
    }

    /// Gives an upload up, with all its parts.
    pub(crate) async fn abort_upload(&self, name: UploadName) -> Result<(), StoreError> {
        self.to_the_end(async move |store| {
            let files = store.inner.writer.run(move |connection| multipart::abort(connection, &name)).await?;
            store.remove(files).await;
            Ok(())
        })
        .await
    }

    fn now(&self) -> i64 {
        unix_seconds(self.inner.clock.now())
    }

    /// Runs something in a task of its own, which goes on when the caller goes away.
    pub(super) async fn to_the_end<T, F>(&self, work: impl FnOnce(Self) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        tokio::spawn(work(self.clone())).await.map_err(|_| StoreError::Closed)?
    }

    async fn keep(&self, received: Received) -> Result<super::files::KeptFile, StoreError> {
        let files = self.inner.files.clone();
        tokio::task::spawn_blocking(move || files.keep(received)).await.map_err(|_| StoreError::Closed)?
    }

    /// Removes the files of objects whose records are gone; while somebody reads them they stay.
    pub(super) async fn discard(&self, removed: impl IntoIterator<Item = Removed>) {
        let removed: Vec<Removed> = removed.into_iter().collect();
        if !removed.is_empty() {
            let inner = Arc::clone(&self.inner);
            let remove = move || {
                for Removed { object_id, files } in removed {
                    inner.leases.remove(object_id, files, &inner.files);
                }
            };
            // This task only fails by a panic; the next start sets aside what stays.
            let _ = tokio::task::spawn_blocking(remove).await;
        }
    }

    /// Removes files that nobody can be reading.
    pub(super) async fn remove(&self, gone: Vec<super::files::KeptFile>) {
        if !gone.is_empty() {
            let files = self.inner.files.clone();
            // As above.
            let _ = tokio::task::spawn_blocking(move || files.remove(&gone)).await;
        }
    }
}
