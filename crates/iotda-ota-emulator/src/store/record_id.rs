//! The order of packages: their paging positions, and the last one that was given out.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::sums;

/// The creation second and the place of a package; its text is the paging position on the wire.
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

    pub(super) fn write(self) -> String {
        format!("{:08x}{:016x}", self.second, self.seq)
    }

    /// The position of a new package: after all that were ever given out, and in no earlier second. It is given out only
    /// by [`Self::give_out`].
    pub(super) fn next(connection: &Connection, now: i64) -> Result<Self, StoreError> {
        let last = last(connection)?;
        let seq = last.seq.checked_add(1).ok_or_else(|| StoreError::Failed("no place is left".to_owned()))?;
        Ok(Self { second: last.second.max(now), seq })
    }

    /// Writes down that this position is the last one.
    pub(super) fn give_out(self, connection: &Connection) -> Result<(), StoreError> {
        let mut last = connection.prepare_cached("UPDATE sequence SET last_second = ?1, last = ?2")?;
        last.execute([self.second, self.seq])?;
        Ok(())
    }

    /// Sees to it that later packages come after this one.
    pub(super) fn reserve(self, connection: &Connection) -> Result<(), StoreError> {
        let last = last(connection)?;
        Self { second: last.second.max(self.second), seq: last.seq.max(self.seq) }.give_out(connection)
    }
}

/// Makes the next position the first one again, whatever was there.
pub(super) fn restart(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sequence", [])?;
    connection.execute("INSERT INTO sequence VALUES (0, 0)", [])?;
    Ok(())
}

/// The latest second and the last place that were given out.
fn last(connection: &Connection) -> Result<RecordId, StoreError> {
    let last = connection
        .prepare_cached("SELECT * FROM sequence")?
        .query_row([], |row| sums::check(row).and_then(|()| Ok(RecordId { seq: row.get(0)?, second: row.get(1)? })))
        .optional()?;
    last.ok_or_else(|| sums::damaged("the order of packages is not what was written").into())
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
