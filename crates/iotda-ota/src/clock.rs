//! This machine's clock against the service's.

use http::HeaderMap;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// How far now is ahead of the date of an answer that has just come.
pub(crate) fn difference(headers: &HeaderMap) -> Option<SignedDuration> {
    let date = headers.get(DATE)?.to_str().ok()?;
    // HTTP writes the zone as GMT, which is one of the names that mail allows.
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Timestamp::now().duration_since(theirs))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(date: &[u8]) -> HeaderMap {
        HeaderMap::from_iter(HeaderValue::from_bytes(date).ok().map(|value| (DATE, value)))
    }

    proptest! {
        #[test]
        fn any_date_is_read_without_panic(
            date in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{1,2}:[0-9]{2}:[0-9]{2} (GMT|UTC|[+-][0-9]{4})"
                    .prop_map(String::into_bytes),
            ],
        ) {
            let _ = difference(&headers(&date));
        }

        #[test]
        fn a_date_as_http_writes_it_is_read_to_the_second(off in -1_000_000_000_i64..1_000_000_000) {
            let theirs = Timestamp::now() - SignedDuration::from_secs(off);
            let date = theirs.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let found = difference(&headers(date.as_bytes())).unwrap();
            // What is below a second is not in it, and time went on.
            prop_assert!((0..5).contains(&(found.as_secs() - off)), "{:?}", found);
        }
    }
}
