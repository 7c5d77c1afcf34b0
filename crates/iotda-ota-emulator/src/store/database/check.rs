//! Recognizing a damaged, foreign or newer database before anything is written to it.
//!
//! The header and the length of the file are compared first, without SQLite. A small database is then read from end to
//! end; of a large one only the first rows are, so that starting stays quick: damage deep inside such a file shows when
//! the damaged page is read, as an internal error of that request.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::{APPLICATION_ID, SCHEMA_VERSION, connect_inspector, with_suffix};
use crate::start_error::StartError;

/// Databases up to this size are checked from end to end at every start.
const FULLY_CHECKED_BYTES: u64 = 4 << 20;

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
        SCHEMA_VERSION => {}
        newer if newer > SCHEMA_VERSION => {
            return Err(StartError::newer(path, newer, SCHEMA_VERSION));
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

/// Reads through the database, or through its first rows when it is large; describes the first problem.
fn probe(path: &Path, size: u64) -> rusqlite::Result<Option<String>> {
    let connection = connect_inspector(path)?;
    if size <= FULLY_CHECKED_BYTES {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        return Ok((verdict != "ok").then_some(verdict));
    }
    let tables =
        ["packages", "filters", "listing", "sequence", "buckets", "objects", "object_files", "uploads", "parts"];
    for table in tables {
        connection.prepare(&format!("SELECT * FROM {table} LIMIT 1"))?.query([])?.next()?;
    }
    Ok(None)
}

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
