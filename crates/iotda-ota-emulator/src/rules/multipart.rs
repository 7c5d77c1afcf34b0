//! Rules of multipart uploads: which numbers parts have, and which parts can become an object.
//!
//! Sources: the pages "Uploading Parts" ("上传段") and "Completing a Multipart Upload" ("合并段") of the OBS API
//! reference, and its page "Error Codes". The smallest part is 100 KB in the first and in the official SDK, and 5 MB in
//! older texts of the second.

use std::collections::BTreeMap;

use crate::rejection::{Code, Rejection};

/// The highest number of a part; the lowest is 1.
pub(crate) const MOST_PARTS: u32 = 10_000;

/// The smallest size of a part that is not the last one.
pub(crate) const LEAST_BYTES: u64 = 100 << 10;

/// One part that a request lists to be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedPart {
    pub(crate) number: u32,
    /// Without quotation marks.
    pub(crate) etag: String,
}

/// One part that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPart {
    pub(crate) file: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
}

/// Reads the number of a part.
pub(crate) fn number(text: &str) -> Result<u32, Rejection> {
    match text.parse() {
        Ok(number @ 1..=MOST_PARTS) => Ok(number),
        _ => Err(Rejection::new(
            Code::ObsInvalidArgument,
            format!("partNumber must be a number from 1 to {MOST_PARTS}, not {text:?}"),
        )),
    }
}

/// Decides whether the listed parts can become an object.
pub(crate) fn check(listed: &[ListedPart], stored: &BTreeMap<u32, StoredPart>) -> Result<(), Rejection> {
    if let Some(pair) = listed.windows(2).find(|pair| pair[0].number >= pair[1].number) {
        return Err(Rejection::new(
            Code::ObsInvalidPartOrder,
            format!("Parts must be listed in ascending order, and {} follows {}", pair[1].number, pair[0].number),
        ));
    }
    for (position, part) in listed.iter().enumerate() {
        let found = match stored.get(&part.number) {
            Some(found) if found.etag.eq_ignore_ascii_case(&part.etag) => found,
            Some(found) => {
                return Err(Rejection::new(
                    Code::ObsInvalidPart,
                    format!("Part {} has the ETag {:?}, not {:?}", part.number, found.etag, part.etag),
                ));
            }
            None => {
                return Err(Rejection::new(Code::ObsInvalidPart, format!("Part {} was not uploaded", part.number)));
            }
        };
        if position + 1 < listed.len() && found.size < LEAST_BYTES {
            return Err(Rejection::new(
                Code::ObsEntityTooSmall,
                format!(
                    "Part {} has {} bytes, and every part but the last needs {LEAST_BYTES}",
                    part.number, found.size
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(sizes: &[u64]) -> BTreeMap<u32, StoredPart> {
        let part = |&size| StoredPart { file: String::new(), size, etag: "aa".to_owned() };
        (1..).zip(sizes.iter().map(part)).collect()
    }

    fn listed(numbers: &[u32]) -> Vec<ListedPart> {
        numbers.iter().map(|&number| ListedPart { number, etag: "AA".to_owned() }).collect()
    }

    fn code(numbers: &[u32], sizes: &[u64]) -> Option<Code> {
        check(&listed(numbers), &stored(sizes)).err().map(|rejection| rejection.code)
    }

    #[test]
    fn parts_must_ascend_exist_and_be_large_enough() {
        assert_eq!(code(&[1, 2, 3], &[LEAST_BYTES, LEAST_BYTES, 0]), None);
        assert_eq!(code(&[1, 3], &[LEAST_BYTES, 0, 0]), None);
        assert_eq!(code(&[2, 1], &[LEAST_BYTES, LEAST_BYTES]), Some(Code::ObsInvalidPartOrder));
        assert_eq!(code(&[1, 1], &[LEAST_BYTES]), Some(Code::ObsInvalidPartOrder));
        assert_eq!(code(&[1, 4], &[LEAST_BYTES]), Some(Code::ObsInvalidPart));
        assert_eq!(code(&[1, 2], &[LEAST_BYTES - 1, LEAST_BYTES]), Some(Code::ObsEntityTooSmall));
    }

    #[test]
    fn an_etag_must_be_that_of_the_part() {
        let other = [ListedPart { number: 1, etag: "bb".to_owned() }];
        assert_eq!(check(&other, &stored(&[1])).unwrap_err().code, Code::ObsInvalidPart);
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!((number("1"), number("10000")), (Ok(1), Ok(10_000)));
        for wrong in ["0", "10001", "-1", "", "one", "99999999999"] {
            assert_eq!(number(wrong).unwrap_err().code, Code::ObsInvalidArgument, "{wrong}");
        }
    }
}
