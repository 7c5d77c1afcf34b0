//! All packages and objects at once: what a dump reads and a load writes.

use rusqlite::{Connection, params};

use super::sums::{self, intact};
use super::{Store, StoreError, packages};
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

/// A paging position, read from its 24 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordId {
    pub(crate) second: i64,
    pub(crate) seq: i64,
}

impl RecordId {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let is_digits = text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (second, seq) = text.split_at_checked(8).filter(|_| is_digits)?;
        let seq = i64::from_str_radix(seq, 16).ok().filter(|&seq| seq > 0)?;
        Some(Self { second: i64::from_str_radix(second, 16).ok()?, seq })
    }

    fn write(self) -> String {
        format!("{:08x}{:016x}", self.second, self.seq)
    }
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
                    let package = packages::whole(row)?;
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

    /// Whether there is nothing that [`Self::clear_packages`] and [`Self::clear_obs`] would delete.
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

    /// Deletes all packages; the order of later ones begins anew.
    pub(crate) async fn clear_packages(&self) -> Result<(), StoreError> {
        self.inner
            .writer
            .run(|connection| {
                for table in ["packages", "listing", "filters"] {
                    connection.execute(&format!("DELETE FROM {table}"), [])?;
                }
                connection.execute("UPDATE sequence SET last = 0, last_second = 0", [])?;
                Ok(())
            })
            .await
    }
}

fn add(connection: &Connection, clock: &dyn Clock, known: KnownPackage) -> Result<(), StoreError> {
    let now = unix_seconds(clock.now());
    let (seq, record_id) = match known.record_id {
        None => packages::next_record(connection, now)?,
        Some(id) => {
            // Later packages have to come after this one.
            let updated = connection
                .prepare_cached(concat!(
                    "UPDATE sequence SET last = max(last, ?1), last_second = max(last_second, ?2) WHERE ",
                    intact!("last, last_second")
                ))?
                .execute([id.seq, id.second])?;
            if updated == 0 {
                return Err(sums::damaged(packages::DISORDERED).into());
            }
            (id.seq, id.write())
        }
    };
    let mut package =
        Package { record_id, create_time: known.create_time.unwrap_or_else(|| compact_time(now)), ..known.new.into() };
    if let Some(id) = known.package_id {
        package.package_id = id;
        return match packages::add(connection, seq, &package)? {
            true => Ok(()),
            false => Err(StoreError::Failed(format!("another package has the id {}", package.package_id))),
        };
    }
    packages::add_with_free_id(connection, clock, seq, &mut package)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_paging_position_is_read_as_it_is_written(second in 0..=i64::from(u32::MAX), seq in 1..=i64::MAX) {
            let id = RecordId { second, seq };
            prop_assert_eq!(RecordId::read(&id.write()), Some(id));
        }

        #[test]
        fn any_other_text_is_none(text in "[0-9a-fA-F+ é-]{20,28}") {
            prop_assert!(RecordId::read(&text).is_none_or(|id| id.write() == text));
        }
    }

    #[test]
    fn a_paging_position_is_read_as_it_is_written() {
        let id = RecordId { second: 1_676_117_532, seq: 7 };
        assert_eq!(RecordId::read(&id.write()), Some(id));
        let zero = "0".repeat(24);
        let negative = format!("00000000{}", "f".repeat(16));
        for text in
            ["", "63e7859c00000000000000", "63E7859C0000000000000001", "63e7859c+000000000000001", &zero, &negative]
        {
            assert_eq!(RecordId::read(text), None, "{text}");
        }
    }
}
