//! Buckets and objects in the database. The bytes of an object are a file, see [`super::files`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::StoreError;
use super::files::Kept;
use crate::rules::stored::FoundObject;

/// What a PUT request says about an object, besides its bytes.
#[derive(Clone, Debug)]
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) content_type: String,
    /// The `x-obs-meta-*` headers, with their full lower-case names.
    pub(crate) metadata: BTreeMap<String, String>,
}

impl NewObject {
    /// The record of the object, once its bytes are in their file.
    pub(super) fn into_object(self, kept: &Kept, modified: i64) -> Object {
        Object {
            bucket: self.bucket,
            key: self.key,
            file: kept.file.clone(),
            size: kept.size,
            md5: kept.md5.clone(),
            sha256: kept.sha256.clone(),
            content_type: self.content_type,
            modified,
            metadata: self.metadata,
        }
    }
}

/// One stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// The name of its file.
    pub(crate) file: String,
    pub(crate) size: u64,
    /// MD5 in lower-case hexadecimal digits.
    pub(crate) md5: String,
    /// SHA-256 in lower-case hexadecimal digits.
    pub(crate) sha256: String,
    pub(crate) content_type: String,
    /// Seconds since the beginning of 1970.
    pub(crate) modified: i64,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Object {
    /// What the rules of a create request need to know.
    pub(super) fn facts(self) -> FoundObject {
        FoundObject { size: self.size, sha256: self.sha256 }
    }
}

/// Makes a bucket, if it is not there.
pub(super) fn add_bucket(connection: &Connection, bucket: &str) -> rusqlite::Result<()> {
    // The question first, so that an ordinary start writes nothing.
    let exists: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM buckets WHERE bucket = ?1)", [bucket], |row| row.get(0))?;
    if !exists {
        connection.execute("INSERT INTO buckets VALUES (?1)", [bucket])?;
    }
    Ok(())
}

pub(super) fn has_bucket(connection: &Connection, bucket: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM buckets WHERE bucket = ?1)")?
        .query_row([bucket], |row| row.get(0))?)
}

/// The file that an object needs.
#[derive(Debug)]
pub(super) struct StoredFile {
    /// Bucket and key, for messages.
    pub(super) object: String,
    pub(super) file: String,
    pub(super) size: u64,
}

/// The files of all objects.
pub(super) fn stored_files(connection: &Connection) -> rusqlite::Result<Vec<StoredFile>> {
    connection
        .prepare("SELECT bucket || '/' || key, file, size FROM objects")?
        .query_map([], |row| Ok(StoredFile { object: row.get(0)?, file: row.get(1)?, size: row.get(2)? }))?
        .collect()
}

pub(super) fn find(connection: &Connection, bucket: &str, key: &str) -> Result<Option<Object>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT * FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row([bucket, key], object)
        .optional()?)
}

/// Writes an object's record; returns the file of the object it replaces.
pub(super) fn put(connection: &Connection, object: &Object) -> Result<Option<String>, StoreError> {
    let replaced = file_of(connection, &object.bucket, &object.key)?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO objects VALUES (
                 :bucket, :key, :file, :size, :md5, :sha256, :content_type, :modified, :metadata
             )",
        )?
        .execute(named_params! {
            ":bucket": object.bucket,
            ":key": object.key,
            ":file": object.file,
            ":size": object.size,
            ":md5": object.md5,
            ":sha256": object.sha256,
            ":content_type": object.content_type,
            ":modified": object.modified,
            ":metadata": write_metadata(&object.metadata),
        })?;
    Ok(replaced)
}

/// Deletes an object's record; returns the name of its file.
pub(super) fn delete(connection: &Connection, bucket: &str, key: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING file")?
        .query_row([bucket, key], |row| row.get(0))
        .optional()?)
}

fn file_of(connection: &Connection, bucket: &str, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT file FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row(params![bucket, key], |row| row.get(0))
        .optional()
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        bucket: row.get("bucket")?,
        key: row.get("key")?,
        file: row.get("file")?,
        size: row.get("size")?,
        md5: row.get("md5")?,
        sha256: row.get("sha256")?,
        content_type: row.get("content_type")?,
        modified: row.get("modified")?,
        metadata: read_metadata(&row.get::<_, String>("metadata")?),
    })
}

/// One header a line, as on the wire: neither names nor values can have a line break.
fn write_metadata(metadata: &BTreeMap<String, String>) -> String {
    metadata.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn read_metadata(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
