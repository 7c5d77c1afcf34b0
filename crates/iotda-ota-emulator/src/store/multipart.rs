//! Multipart uploads and their parts in the database.
//!
//! A part has its file in `objects/` like everything else that is complete. Completing an upload makes the files of the
//! parts those of the object, so not a byte is copied.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::files::KeptFile;
use super::keys::{KeyPage, KeyQuery, page};
use super::objects::{self, Content, NewObject, Object, Removed};
use super::{StoreError, hex, sums};
use crate::clock::{Clock, IdKind};
use crate::rejection::{Code, Rejection};
use crate::rules::multipart::{self, ListedPart, StoredPart};

/// One upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) about: NewObject,
    /// Seconds since the beginning of 1970.
    pub(crate) initiated: i64,
}

/// Which upload a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadName {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) id: String,
}

/// One part as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) size: u64,
    /// Without quotation marks.
    pub(crate) etag: String,
    /// Seconds since the beginning of 1970.
    pub(crate) modified: i64,
}

/// Begins an upload.
pub(super) fn create(
    connection: &Connection,
    clock: &dyn Clock,
    about: NewObject,
    now: i64,
) -> Result<Upload, StoreError> {
    let id = free_id(connection, clock)?;
    connection
        .prepare_cached("INSERT INTO uploads VALUES (:upload_id, :bucket, :key, :content_type, :metadata, :initiated)")?
        .execute(named_params! {
            ":upload_id": id,
            ":bucket": about.bucket,
            ":key": about.key,
            ":content_type": about.content_type,
            ":metadata": objects::write_metadata(&about.metadata),
            ":initiated": now,
        })?;
    Ok(Upload { id, about, initiated: now })
}

/// The upload of that id, bucket and key.
pub(super) fn find(connection: &Connection, name: &UploadName) -> Result<Upload, StoreError> {
    connection
        .prepare_cached("SELECT * FROM uploads WHERE upload_id = ?1 AND bucket = ?2 AND key = ?3")?
        .query_row([&name.id, &name.bucket, &name.key], upload)
        .optional()?
        .ok_or_else(|| {
            StoreError::Rejected(Rejection::new(
                Code::ObsNoSuchUpload,
                format!(
                    "There is no upload {:?} of {:?}; it is completed or aborted, or never began",
                    name.id, name.key
                ),
            ))
        })
}

/// The uploads of a bucket in the order of keys and ids; of the marker's own key, those after `id_marker`.
pub(super) fn list(
    connection: &Connection,
    bucket: &str,
    query: &KeyQuery,
    id_marker: &str,
) -> Result<KeyPage<Upload>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM uploads WHERE bucket = ?1 AND key >= ?2
         AND (key > ?3 OR (key = ?3 AND ?4 <> '' AND upload_id > ?4))
         ORDER BY key, upload_id",
    )?;
    let rows = statement.query_map([bucket, &query.prefix, &query.marker, id_marker], upload)?;
    Ok(page(rows, query, |upload| &upload.about.key)?)
}

/// Writes a part's record; returns the file of the part that had the number before.
pub(super) fn put_part(
    connection: &Connection,
    name: &UploadName,
    part: &Part,
    file: &KeptFile,
) -> Result<Option<KeptFile>, StoreError> {
    find(connection, name)?;
    let replaced = connection
        .prepare_cached("SELECT * FROM parts WHERE upload_id = ?1 AND number = ?2")?
        .query_row(params![name.id, part.number], objects::kept_file)
        .optional()?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO parts VALUES (:upload_id, :number, :file, :size, :etag, :modified)")?
        .execute(named_params! {
            ":upload_id": name.id,
            ":number": part.number,
            ":file": file.name,
            ":size": part.size,
            ":etag": part.etag,
            ":modified": part.modified,
        })?;
    Ok(replaced)
}

/// At most so many parts with higher numbers than `after`.
pub(super) fn list_parts(
    connection: &Connection,
    name: &UploadName,
    after: u32,
    most: usize,
) -> Result<Vec<Part>, StoreError> {
    find(connection, name)?;
    let mut statement = connection
        .prepare_cached("SELECT * FROM parts WHERE upload_id = ?1 AND number > ?2 ORDER BY number LIMIT ?3")?;
    let rows = statement.query_map(params![name.id, after, most], |row| {
        sums::check(row)?;
        Ok(Part {
            number: row.get("number")?,
            size: row.get("size")?,
            etag: row.get("etag")?,
            modified: row.get("modified")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What completing an upload made, and what it left.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) object: Object,
    /// The object that had the key before.
    pub(super) replaced: Option<Removed>,
    /// Parts that the request did not list.
    pub(super) unlisted: Vec<KeptFile>,
}

/// Makes the listed parts an object, in place of the one that had the key before.
pub(super) fn complete(
    connection: &Connection,
    name: &UploadName,
    listed: &[ListedPart],
    now: i64,
) -> Result<Completed, StoreError> {
    let upload = find(connection, name)?;
    let mut stored = stored_parts(connection, &name.id)?;
    multipart::check(listed, &stored).map_err(StoreError::Rejected)?;
    // The check found every listed part.
    let files: Vec<KeptFile> = listed
        .iter()
        .filter_map(|part| stored.remove(&part.number))
        .map(|part| KeptFile { name: part.file, size: part.size })
        .collect();
    let content = Content { size: files.iter().map(|file| file.size).sum(), etag: combined_etag(listed), sha256: None };
    remove(connection, &name.id)?;
    let (object, replaced) = objects::put(connection, upload.about, content, now, &files)?;
    let unlisted = stored.into_values().map(|part| KeptFile { name: part.file, size: part.size }).collect();
    Ok(Completed { object, replaced, unlisted })
}

/// Gives an upload up; returns the files of its parts.
pub(super) fn abort(connection: &Connection, name: &UploadName) -> Result<Vec<KeptFile>, StoreError> {
    find(connection, name)?;
    let parts = stored_parts(connection, &name.id)?;
    remove(connection, &name.id)?;
    Ok(parts.into_values().map(|part| KeptFile { name: part.file, size: part.size }).collect())
}

/// Gives all uploads up; returns the files of their parts, but of damaged records.
pub(super) fn clear(connection: &Connection) -> Result<Vec<KeptFile>, StoreError> {
    let mut statement = connection.prepare("SELECT * FROM parts")?;
    let files = statement.query_map([], |row| Ok(objects::kept_file(row).ok()))?.flatten().flatten().collect();
    for table in ["parts", "uploads"] {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(files)
}

/// "MD5(M1 M2 … Mn)-n" in the API reference (page "合并段"), where Mi is the ETag of a part.
fn combined_etag(listed: &[ListedPart]) -> String {
    let digest = listed.iter().fold(Md5::new(), |md5, part| md5.chain_update(bytes_of(&part.etag))).finalize();
    format!("{}-{}", hex(&digest), listed.len())
}

/// The bytes that hexadecimal digits stand for; every ETag of a part has 32 of them.
fn bytes_of(etag: &str) -> Vec<u8> {
    let digits: Vec<u8> = etag.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn stored_parts(connection: &Connection, upload_id: &str) -> Result<BTreeMap<u32, StoredPart>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM parts WHERE upload_id = ?1")?;
    let rows = statement.query_map([upload_id], |row| {
        sums::check(row)?;
        Ok((row.get("number")?, StoredPart { file: row.get("file")?, size: row.get("size")?, etag: row.get("etag")? }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove(connection: &Connection, upload_id: &str) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM parts WHERE upload_id = ?1")?.execute([upload_id])?;
    connection.prepare_cached("DELETE FROM uploads WHERE upload_id = ?1")?.execute([upload_id])?;
    Ok(())
}

/// An id that no upload has. Only a [`crate::FixedClock`] over an old folder needs a second try.
fn free_id(connection: &Connection, clock: &dyn Clock) -> Result<String, StoreError> {
    loop {
        let id = format!("{:032x}", clock.id(IdKind::Upload));
        let taken: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM uploads WHERE upload_id = ?1)")?
            .query_row([&id], |row| row.get(0))?;
        if !taken {
            return Ok(id);
        }
    }
}

fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload { id: row.get("upload_id")?, about: objects::about(row)?, initiated: row.get("initiated")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_etag_of_an_object_is_the_md5_of_those_of_its_parts() {
        let part = |number, text: &str| ListedPart { number, etag: hex(&Md5::digest(text)) };
        // MD5 of the 32 bytes of MD5("a") and MD5("b").
        assert_eq!(combined_etag(&[part(1, "a"), part(2, "b")]), "96e024ba2074fe77e8e965ba43a704be-2");
    }
}
