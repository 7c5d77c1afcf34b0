//! All packages and objects at once: what a dump reads and a load writes.

use rusqlite::{Connection, params};

use super::record_id::RecordId;
use super::sums;
use super::{Store, StoreError, columns, filters, multipart, objects, packages};
use crate::clock::{Clock, compact_time, unix_seconds};
use crate::package::{NewPackage, Package};

/// A package of a file; what the file does not say is made up as for a new one.
#[derive(Debug)]
pub(crate) struct KnownPackage {
    pub(crate) package_id: Option<String>,
    pub(crate) record_id: Option<RecordId>,
    pub(crate) create_time: Option<String>,
    pub(crate) new: NewPackage,
}

impl Store {
    /// The next packages in the order in which they were created, each with its location: paging position and JSON.
    pub(crate) async fn packages_after(
        &self,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.read(move |connection| {
            let packages = connection
                .prepare_cached("SELECT * FROM packages WHERE record_id > ?1 ORDER BY record_id LIMIT ?2")?
                .query_map(params![after.unwrap_or_default(), limit], |row| {
                    let package = columns::whole(row)?;
                    let mut json = Vec::new();
                    package.write_json(&mut json);
                    Ok((package.record_id.to_owned(), json))
                })?
                .collect::<Result<_, _>>()?;
            Ok(packages)
        })
        .await
    }

    /// Bucket and key of all objects.
    pub(crate) async fn object_names(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|connection| {
            let names = connection
                .prepare_cached("SELECT * FROM objects ORDER BY bucket, key")?
                .query_map([], |row| sums::check(row).and_then(|()| Ok((row.get("bucket")?, row.get("key")?))))?
                .collect::<Result<_, _>>()?;
            Ok(names)
        })
        .await
    }

    /// Whether there is nothing that [`Self::clear`] would delete.
    pub(crate) async fn is_empty(&self) -> Result<bool, StoreError> {
        let bucket = self.inner.bucket;
        self.read(move |connection| {
            let query = "SELECT NOT EXISTS (SELECT 1 FROM packages) AND NOT EXISTS (SELECT 1 FROM objects)
                 AND NOT EXISTS (SELECT 1 FROM uploads) AND NOT EXISTS (SELECT 1 FROM buckets WHERE bucket <> ?1)";
            Ok(connection.query_row(query, [bucket], |row| row.get(0))?)
        })
        .await
    }

    /// Writes packages as they are, all or none.
    pub(crate) async fn add_packages(&self, new: Vec<KnownPackage>) -> Result<(), StoreError> {
        let clock = std::sync::Arc::clone(&self.inner.clock);
        self.inner
            .writer
            .run(move |connection| new.into_iter().try_for_each(|new| add(connection, clock.as_ref(), new)))
            .await
    }

    /// Deletes all packages, objects, unfinished uploads, and buckets but the one that always exists; the order of later
    /// packages begins anew. All of it or nothing, and whatever is damaged in it.
    pub(crate) async fn clear(&self) -> Result<(), StoreError> {
        self.to_the_end(async move |store| {
            let bucket = store.inner.bucket;
            let write = move |connection: &_| {
                packages::clear(connection)?;
                Ok((multipart::clear(connection)?, objects::clear(connection, bucket)?))
            };
            let (parts, removed) = store.inner.writer.run(write).await?;
            store.remove(parts).await;
            store.discard(removed).await;
            Ok(())
        })
        .await
    }
}

fn add(connection: &Connection, clock: &dyn Clock, known: KnownPackage) -> Result<(), StoreError> {
    let now = unix_seconds(clock.now());
    let record_id = match known.record_id {
        None => {
            let id = RecordId::next(connection, now)?;
            id.give_out(connection)?;
            id
        }
        Some(id) => {
            id.reserve(connection)?;
            id
        }
    };
    let mut package = Package {
        record_id: record_id.write(),
        create_time: known.create_time.unwrap_or_else(|| compact_time(now)),
        ..known.new.into()
    };
    let lists = filters::lists(connection, &package)?;
    if let Some(id) = known.package_id {
        package.package_id = id;
        return match packages::add(connection, record_id.seq, &package, lists)? {
            true => Ok(()),
            false => Err(StoreError::Failed(format!("another package has the id {}", package.package_id))),
        };
    }
    packages::add_with_free_id(connection, clock, record_id.seq, &mut package, lists)
}
