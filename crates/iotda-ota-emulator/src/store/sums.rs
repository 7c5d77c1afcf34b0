//! The checksum of a row, so that a row that is not what was written is reported and never served.
//!
//! SQLite notices a broken structure of its pages, but not other texts and numbers in them. So every table has a last
//! column `sum`, which SQLite computes with [`FUNCTION`] whenever it writes a row, and everything that reads a row
//! calls [`check`]. A row that is found by an index has the columns of the index from there, so an index that leads to
//! another row is noticed like a row that has changed. Where SQL itself reads a row to change it, the statement says
//! [`intact`]. Only `listing` has no such column: what it says is compared with the packages it names.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Row, ffi};

/// The function of SQL that computes the checksum of its arguments.
const FUNCTION: &str = "row_sum";

/// Makes the function known to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(FUNCTION, -1, flags, |arguments| {
        Ok(sum((0..arguments.len()).map(|index| arguments.get_raw(index))))
    })
}

/// Refuses a row whose last column is not the checksum of the others.
pub(super) fn check(row: &Row<'_>) -> rusqlite::Result<()> {
    let last = row.as_ref().column_count() - 1;
    // These columns exist, so nothing fails here.
    compare(row, last, (0..last).map(|column| row.get_ref(column).unwrap_or(ValueRef::Null)))
}

/// The columns of a row before its checksum, which is compared: reading each but once is what makes lists quick.
pub(super) fn read<'row, const COLUMNS: usize>(row: &'row Row<'_>) -> rusqlite::Result<[ValueRef<'row>; COLUMNS]> {
    let mut values = [ValueRef::Null; COLUMNS];
    for (column, value) in values.iter_mut().enumerate() {
        *value = row.get_ref(column)?;
    }
    compare(row, COLUMNS, values.into_iter())?;
    Ok(values)
}

/// Refuses a row if a column of it is not the checksum of these values.
pub(super) fn compare<'row>(
    row: &'row Row<'_>,
    column: usize,
    values: impl Iterator<Item = ValueRef<'row>>,
) -> rusqlite::Result<()> {
    match row.get_ref(column)? {
        ValueRef::Integer(written) if written == sum(values) => Ok(()),
        _ => Err(damaged("a record is not what was written")),
    }
}

/// The condition that the row of a statement has the checksum of these columns.
macro_rules! intact {
    ($columns:literal) => {
        concat!("sum = row_sum(", $columns, ")")
    };
}
pub(super) use intact;

/// The error of SQLite for a damaged database, with what was found.
pub(super) fn damaged(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

/// The checksum of values, each with its type and length.
///
/// It is computed for every row of every list, where a SHA-256 would take a fifth of the time of the whole answer. It need
/// not withstand anybody, only chance.
fn sum<'value>(values: impl Iterator<Item = ValueRef<'value>>) -> i64 {
    let mut sum = Sum(FACTOR);
    for value in values {
        match value {
            ValueRef::Null => sum.add(0),
            ValueRef::Integer(number) => {
                sum.add(1);
                sum.add(number.cast_unsigned());
            }
            ValueRef::Real(number) => {
                sum.add(2);
                sum.add(number.to_bits());
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                sum.add((bytes.len() as u64) << 2 | 3);
                sum.add_all(bytes);
            }
        }
    }
    sum.0.cast_signed()
}

/// Odd, so that multiplying by it loses nothing; its bits are those of the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Words so far. Each step can be undone, so two rows that differ in one word alone never have the same checksum.
struct Sum(u64);

impl Sum {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }

    fn add_all(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let table = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INTEGER,
                     sum INTEGER NOT NULL AS (row_sum(id, a, b, n)) STORED) STRICT";
        connection.execute(table, []).unwrap();
        connection
    }

    #[test]
    fn a_row_has_its_checksum_when_it_is_written_and_when_it_is_changed() {
        let connection = table();
        // The number of the row is given by SQLite.
        connection.execute("INSERT INTO t (a, b, n) VALUES ('x', NULL, 7)", []).unwrap();
        connection.query_row("SELECT * FROM t", [], check).unwrap();
        connection.execute(concat!("UPDATE t SET n = n + 1 WHERE ", intact!("id, a, b, n")), []).unwrap();
        let n: i64 = connection.query_row("SELECT * FROM t", [], |row| check(row).and_then(|()| row.get(3))).unwrap();
        assert_eq!(n, 8);
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        let of = |values: &[ValueRef<'_>]| sum(values.iter().copied());
        let (text, null) = (|text: &'static str| ValueRef::Text(text.as_bytes()), ValueRef::Null);
        let sums = [
            of(&[text("ab"), text("c")]),
            of(&[text("a"), text("bc")]),
            of(&[text("abc"), null]),
            of(&[null, text("abc")]),
            of(&[text("abc"), text("")]),
            of(&[text("abc\0")]),
            of(&[text("abc")]),
        ];
        for (index, sum) in sums.iter().enumerate() {
            assert!(!sums[..index].contains(sum), "{index}");
        }
    }

    #[test]
    fn a_row_that_was_changed_behind_the_back_of_sqlite_is_refused() {
        let connection = table();
        connection.execute("INSERT INTO t (a, b, n) VALUES ('x', 'y', 7)", []).unwrap();
        let other = "SELECT id, a, b, n + 1, sum FROM t";
        let error = connection.query_row(other, [], check).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseCorrupt));
    }
}
