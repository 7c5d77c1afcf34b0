//! The `Range` of a GET.
//!
//! The API reference (page "获取对象内容") says that an illegal range is ignored and the whole object returned, and its page
//! "Error Codes" has `InvalidRange`; the emulator takes the first for what is no single range, and the second for one that
//! begins behind the end.

/// Which bytes of an object are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Whole,
    /// From the first to the last, both included.
    Part {
        first: u64,
        last: u64,
    },
    BehindTheEnd,
}

/// Reads the value of a `Range` header for an object of this size.
pub(super) fn read(value: &str, size: u64) -> Range {
    let Some((first, last)) = value.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Whole;
    };
    match (number(first), number(last)) {
        (Some(None), Some(Some(0))) => Range::BehindTheEnd,
        (Some(None), Some(Some(_))) if size == 0 => Range::BehindTheEnd,
        (Some(None), Some(Some(count))) => Range::Part { first: size.saturating_sub(count), last: size - 1 },
        (Some(Some(first)), Some(last)) if last.is_none_or(|last| last >= first) => {
            if first >= size {
                return Range::BehindTheEnd;
            }
            Range::Part { first, last: last.unwrap_or(u64::MAX).min(size - 1) }
        }
        _ => Range::Whole,
    }
}

/// Nothing for what is no number, and an empty text is none.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    // A number that is too large for the type is as good as the largest.
    text.bytes().all(|b| b.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_ranges_of_every_form() {
        let part = |first, last| Range::Part { first, last };
        for (value, expected) in [
            ("bytes=0-4", part(0, 4)),
            ("bytes=5-", part(5, 9)),
            ("bytes=5-99999999999999999999", part(5, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=10-", Range::BehindTheEnd),
            ("bytes=10-20", Range::BehindTheEnd),
            ("bytes=-0", Range::BehindTheEnd),
        ] {
            assert_eq!(read(value, 10), expected, "{value}");
        }
        assert_eq!(read("bytes=0-", 0), Range::BehindTheEnd);
        assert_eq!(read("bytes=-1", 0), Range::BehindTheEnd);
    }

    #[test]
    fn ignores_what_is_no_single_range() {
        for value in
            ["", "bytes", "bytes=", "bytes=-", "bytes=4-3", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=+1-2"]
        {
            assert_eq!(read(value, 10), Range::Whole, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_range_has_the_bytes_that_it_names(first in 0_u64..40, last in 0_u64..40, size in 0_u64..40) {
            let bytes = |range| match range {
                Range::Whole => (0..size).collect(),
                Range::Part { first, last } => (first..=last).collect::<Vec<_>>(),
                Range::BehindTheEnd => Vec::new(),
            };
            let closed: Vec<_> = (first..=last).filter(|&byte| byte < size).collect();
            if first <= last {
                prop_assert_eq!(bytes(read(&format!("bytes={first}-{last}"), size)), closed);
            }
            let open: Vec<_> = (first..size).collect();
            prop_assert_eq!(bytes(read(&format!("bytes={first}-"), size)), open);
            let end: Vec<_> = (size.saturating_sub(last)..size).collect();
            prop_assert_eq!(bytes(read(&format!("bytes=-{last}"), size)), end);
        }

        #[test]
        fn any_text_is_a_range_within_the_object_or_ignored(
            text in "(bytes=)?([0-9]{0,21}-?[0-9]{0,21}|.{0,20})", size in any::<u64>(),
        ) {
            if let Range::Part { first, last } = read(&text, size) {
                prop_assert!(first <= last && last < size, "{} of {}: {}-{}", text, size, first, last);
            }
        }
    }
}
