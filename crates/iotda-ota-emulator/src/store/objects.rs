//! Buckets and objects in the database. The bytes of an object are files, see [`super::files`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::StoreError;
use super::files::KeptFile;
use super::keys::{KeyPage, KeyQuery, page};
use super::sums::{self, intact};
use crate::rules::stored::FoundObject;

/// What a request says about an object, besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewObject {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) content_type: String,
    /// The `x-obs-meta-*` headers, with their full lower-case names.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// What is known of the bytes of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) size: u64,
    /// Without quotation marks.
    pub(crate) etag: String,
    /// SHA-256 in lower-case hexadecimal digits, once somebody wanted to know it.
    pub(crate) sha256: Option<String>,
}

/// One stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// No other object ever has the same, not even one of the same key.
    pub(super) id: i64,
    pub(crate) about: NewObject,
    pub(crate) content: Content,
    /// Seconds since the beginning of 1970.
    pub(crate) modified: i64,
}

impl Object {
    /// What the rules of a create request need to know.
    pub(super) fn facts(self) -> FoundObject {
        FoundObject { size: self.content.size, sha256: self.content.sha256 }
    }
}

/// An object whose record is gone, and the files it leaves.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) object_id: i64,
    pub(super) files: Vec<KeptFile>,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The name of the user whose bucket it is; empty for one that is everybody's.
    pub(crate) owner: String,
}

/// Makes a bucket that is everybody's, if it is not there.
pub(super) fn add_bucket(connection: &Connection, bucket: &str) -> rusqlite::Result<()> {
    // The question first, so that an ordinary start writes nothing.
    let exists: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM buckets WHERE bucket = ?1)", [bucket], |row| row.get(0))?;
    if !exists {
        connection.execute("INSERT INTO buckets VALUES (?1, '')", [bucket])?;
    }
    Ok(())
}

/// Makes a bucket, unless there is one of that name; returns the one that is there then.
pub(super) fn create_bucket(connection: &Connection, bucket: &str, owner: &str) -> Result<Bucket, StoreError> {
    connection.prepare_cached("INSERT OR IGNORE INTO buckets VALUES (?1, ?2)")?.execute([bucket, owner])?;
    let found = find_bucket(connection, bucket)?;
    found.ok_or_else(|| StoreError::Failed("a bucket was made and is not there".to_owned()))
}

pub(super) fn find_bucket(connection: &Connection, bucket: &str) -> Result<Option<Bucket>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT * FROM buckets WHERE bucket = ?1")?
        .query_row([bucket], |row| sums::check(row).and_then(|()| Ok(Bucket { owner: row.get("owner")? })))
        .optional()?)
}

pub(super) fn find(connection: &Connection, bucket: &str, key: &str) -> Result<Option<Object>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT * FROM objects WHERE bucket = ?1 AND key = ?2")?
        .query_row([bucket, key], object)
        .optional()?)
}

/// The objects of a bucket, in the order of their keys.
pub(super) fn list(connection: &Connection, bucket: &str, query: &KeyQuery) -> Result<KeyPage<Object>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM objects WHERE bucket = ?1 AND key >= ?2 AND key > ?3 ORDER BY key")?;
    let rows = statement.query_map([bucket, &query.prefix, &query.marker], object)?;
    Ok(page(rows, query, |object| &object.about.key)?)
}

/// The files of an object, in the order of its bytes.
pub(super) fn files(connection: &Connection, object_id: i64) -> Result<Vec<KeptFile>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM object_files WHERE object_id = ?1 ORDER BY number")?;
    let files = statement.query_map([object_id], kept_file)?.collect::<Result<_, _>>()?;
    Ok(files)
}

/// Writes an object's record in place of the one that had the key before, which is returned.
pub(super) fn put(
    connection: &Connection,
    about: NewObject,
    content: Content,
    modified: i64,
    files: &[KeptFile],
) -> Result<(Object, Option<Removed>), StoreError> {
    let replaced = delete(connection, &about.bucket, &about.key)?;
    let id = connection
        .prepare_cached(
            "INSERT INTO objects (bucket, key, size, etag, sha256, content_type, modified, metadata)
             VALUES (:bucket, :key, :size, :etag, :sha256, :content_type, :modified, :metadata)
             RETURNING object_id",
        )?
        .query_row(
            named_params! {
                ":bucket": about.bucket,
                ":key": about.key,
                ":size": content.size,
                ":etag": content.etag,
                ":sha256": content.sha256,
                ":content_type": about.content_type,
                ":modified": modified,
                ":metadata": write_metadata(&about.metadata),
            },
            |row| row.get(0),
        )?;
    let mut insert = connection.prepare_cached("INSERT INTO object_files VALUES (?1, ?2, ?3, ?4)")?;
    for (number, file) in files.iter().enumerate() {
        insert.execute(params![id, number, file.name, file.size])?;
    }
    Ok((Object { id, about, content, modified }, replaced))
}

/// Writes down the SHA-256 of an object, if it is still there.
pub(super) fn set_sha256(connection: &Connection, object_id: i64, sha256: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(concat!(
            "UPDATE objects SET sha256 = ?2 WHERE object_id = ?1 AND ",
            intact!("object_id, bucket, key, size, etag, sha256, content_type, modified, metadata")
        ))?
        .execute(params![object_id, sha256])?;
    Ok(())
}

/// Deletes an object's record.
pub(super) fn delete(connection: &Connection, bucket: &str, key: &str) -> Result<Option<Removed>, StoreError> {
    let deleted = connection
        .prepare_cached("DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING *")?
        .query_row([bucket, key], |row| sums::check(row).and_then(|()| row.get("object_id")))
        .optional()?;
    let Some(object_id) = deleted else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached("DELETE FROM object_files WHERE object_id = ?1 RETURNING *")?;
    let files = statement.query_map([object_id], kept_file)?.collect::<Result<_, _>>()?;
    Ok(Some(Removed { object_id, files }))
}

/// All buckets but one, with their owners.
pub(super) fn other_buckets(connection: &Connection, bucket: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM buckets WHERE bucket <> ?1 ORDER BY bucket")?;
    let buckets = statement
        .query_map([bucket], |row| sums::check(row).and_then(|()| Ok((row.get("bucket")?, row.get("owner")?))))?
        .collect::<Result<_, _>>()?;
    Ok(buckets)
}

/// Deletes the records of all objects and buckets, and makes one bucket anew.
///
/// A damaged record names no file that could be removed, and the next start sets its file aside. Whole tables are deleted,
/// because SQLite then looks neither at their rows nor at their indexes.
pub(super) fn clear(connection: &Connection, bucket: &str) -> Result<Vec<Removed>, StoreError> {
    let mut removed = BTreeMap::<i64, Vec<KeptFile>>::new();
    let mut statement = connection.prepare("SELECT * FROM object_files")?;
    let files =
        statement.query_map([], |row| Ok(kept_file(row).and_then(|file| Ok((row.get("object_id")?, file))).ok()))?;
    for (object_id, file) in files.flatten().flatten() {
        removed.entry(object_id).or_default().push(file);
    }
    for table in ["object_files", "objects", "buckets"] {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    add_bucket(connection, bucket)?;
    Ok(removed.into_iter().map(|(object_id, files)| Removed { object_id, files }).collect())
}

/// The columns `file` and `size` of a whole row.
pub(super) fn kept_file(row: &Row<'_>) -> rusqlite::Result<KeptFile> {
    sums::check(row)?;
    Ok(KeptFile { name: row.get("file")?, size: row.get("size")? })
}

/// The columns that objects and uploads have in common, of a whole row.
pub(super) fn about(row: &Row<'_>) -> rusqlite::Result<NewObject> {
    sums::check(row)?;
    Ok(NewObject {
        bucket: row.get("bucket")?,
        key: row.get("key")?,
        content_type: row.get("content_type")?,
        metadata: read_metadata(&row.get::<_, String>("metadata")?),
    })
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        id: row.get("object_id")?,
        about: about(row)?,
        content: Content { size: row.get("size")?, etag: row.get("etag")?, sha256: row.get("sha256")? },
        modified: row.get("modified")?,
    })
}

/// One header a line, as on the wire: neither names nor values can have a line break.
pub(super) fn write_metadata(metadata: &BTreeMap<String, String>) -> String {
    metadata.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}

fn read_metadata(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
