//! Recognizing a damaged, foreign or newer database before anything is written to it.
//!
//! The header and the length of the file are compared first, without SQLite. How much is read then depends on the size of
//! the file, so that starting stays quick: of a small database everything, with its indexes; of a larger one every row
//! and the counts of all lists; of a very large one what belongs to objects. Damage elsewhere in such a file shows when
//! it is read, as an error of that request.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use rusqlite::Connection;

use super::schema::VERSION;
use super::{APPLICATION_ID, connect_inspector, with_suffix};
use crate::start_error::StartError;
use crate::store::sums;

/// Databases up to this size are checked from end to end at every start.
const FULLY_CHECKED_BYTES: u64 = 4 << 20;

/// Of databases up to this size every row is checked at every start.
const ROWS_CHECKED_BYTES: u64 = 32 << 20;

/// Refuses a database that is damaged, not ours, or newer than this program, without changing it.
pub(super) fn check(path: &Path) -> Result<(), StartError> {
    let header = Header::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => StartError::damaged(path, &"the file is too short"),
        _ => StartError::folder(path, error),
    })?;
    if !header.is_sqlite() {
        return Err(StartError::damaged(path, &"it is not an SQLite database"));
    }
    if header.number(68) != APPLICATION_ID {
        return Err(StartError::damaged(path, &"it is not a database of the emulator"));
    }
    match header.number(60) {
        VERSION => {}
        newer if newer > VERSION => {
            return Err(StartError::newer(path, newer, VERSION));
        }
        other => {
            let problem = format!("it has schema version {other}, of a program that was never released");
            return Err(StartError::damaged(path, &problem));
        }
    }
    // Until a write-ahead log is merged, the header may already count pages that are only in the log.
    let log = fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    let counted = header.page_size() * u64::from(header.number(28));
    if log == 0 && header.size < counted {
        return Err(StartError::damaged(path, &format!("it has {} bytes and should have {counted}", header.size)));
    }
    match probe(path, header.size).map_err(|error| StartError::database(path, &error))? {
        None => Ok(()),
        Some(problem) => Err(StartError::damaged(path, &problem)),
    }
}

/// Reads through the database; describes the first problem.
fn probe(path: &Path, size: u64) -> rusqlite::Result<Option<String>> {
    let connection = connect_inspector(path)?;
    if size <= FULLY_CHECKED_BYTES {
        let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Ok(Some(verdict));
        }
    }
    if size <= ROWS_CHECKED_BYTES {
        rows(&connection, &LARGE, -1)?;
        if broken(&connection, COUNTS)? {
            return Ok(Some("the packages of a list are not as many as its count".to_owned()));
        }
    } else {
        rows(&connection, &LARGE, 1)?;
        connection.prepare("SELECT * FROM listing LIMIT 1")?.query([])?.next()?;
    }
    rows(&connection, &SMALL, -1)?;
    Ok(broken(&connection, FILES)?.then(|| "an object or a part does not have its files".to_owned()))
}

/// Compares the checksums of the first rows of tables, or of all if `most` is negative.
fn rows(connection: &Connection, tables: &[&str], most: i64) -> rusqlite::Result<()> {
    for table in tables {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} LIMIT ?1"))?;
        let mut rows = statement.query([most])?;
        while let Some(row) = rows.next()? {
            sums::check(row)?;
        }
    }
    Ok(())
}

fn broken(connection: &Connection, query: &str) -> rusqlite::Result<bool> {
    connection.query_row(query, [], |row| row.get(0))
}

/// The tables that grow with the packages.
const LARGE: [&str; 2] = ["packages", "filters"];

/// The tables that are read from end to end at every start anyway, or have few rows.
const SMALL: [&str; 6] = ["sequence", "buckets", "objects", "object_files", "uploads", "parts"];

/// Whether filters and lists contradict each other.
const COUNTS: &str = "
SELECT (SELECT count(*) FROM filters JOIN (SELECT filter_id, count(*) AS listed FROM listing GROUP BY filter_id)
        USING (filter_id) WHERE listed = packages) <> (SELECT count(*) FROM filters)
    OR (SELECT count(*) FROM listing) <> 8 * (SELECT count(*) FROM packages)
    OR (SELECT total(packages) FROM filters) <> (SELECT count(*) FROM listing)
    OR (SELECT count(*) FROM sequence) <> 1";

/// Whether objects and their files, or uploads and their parts, contradict each other.
const FILES: &str = "
SELECT EXISTS (SELECT 1 FROM objects
               WHERE size <> (SELECT total(size) FROM object_files WHERE object_files.object_id = objects.object_id))
    OR EXISTS (SELECT 1 FROM object_files WHERE object_id NOT IN (SELECT object_id FROM objects))
    OR EXISTS (SELECT 1 FROM parts WHERE upload_id NOT IN (SELECT upload_id FROM uploads))";

/// The first 100 bytes of an SQLite file, whose layout is part of its documented format.
struct Header {
    bytes: [u8; 100],
    size: u64,
}

impl Header {
    fn read(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut bytes = [0; 100];
        file.read_exact(&mut bytes)?;
        Ok(Self { bytes, size: file.metadata()?.len() })
    }

    fn is_sqlite(&self) -> bool {
        self.bytes.starts_with(b"SQLite format 3\0")
    }

    fn number(&self, offset: usize) -> u32 {
        let mut number = [0; 4];
        number.copy_from_slice(&self.bytes[offset..offset + 4]);
        u32::from_be_bytes(number)
    }

    fn page_size(&self) -> u64 {
        match u16::from_be_bytes([self.bytes[16], self.bytes[17]]) {
            1 => 65536,
            size => u64::from(size),
        }
    }
}
