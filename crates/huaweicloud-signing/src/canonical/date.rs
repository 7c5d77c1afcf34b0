//! The time of a request, as far as the signature sees it.

use http::{HeaderMap, HeaderName};

use super::SignError;
use super::headers::single;

/// The header that holds the time.
pub(super) const DATE: HeaderName = HeaderName::from_static("x-sdk-date");

/// The length of a day as in `20230211`.
pub(crate) const DAY_LENGTH: usize = 8;

/// The value of `X-Sdk-Date`, which is certain to begin with [`DAY_LENGTH`] digits.
pub(crate) fn sdk_date(headers: &HeaderMap) -> Result<&str, SignError> {
    let date = single(headers, DATE.as_str())?.ok_or(SignError::MissingDate)?;
    // Python accepts more forms and writes them anew, Go takes its own clock for what it cannot read: only this form,
    // for a time that exists, is signed alike.
    match date.split_at_checked(DAY_LENGTH) {
        Some((day, time)) if is_day(day) && is_time(time) => Ok(date),
        _ => Err(SignError::InvalidDate),
    }
}

/// Whether a text is an existing day as in `20230211`.
pub(crate) fn is_day(text: &str) -> bool {
    let Some(([year, month, day], "")) = numbers(text, [4, 2, 2]) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    // Python writes years before 1000 with fewer digits.
    year >= 1000 && (1..=days).contains(&day)
}

/// Whether a text is a time of day as in `T121212Z`.
fn is_time(text: &str) -> bool {
    let numbers = text.strip_prefix('T').and_then(|rest| numbers(rest, [2, 2, 2]));
    matches!(numbers, Some(([0..=23, 0..=59, 0..=59], "Z")))
}

/// Reads numbers of these lengths, and what follows them.
fn numbers(mut text: &str, lengths: [usize; 3]) -> Option<([u16; 3], &str)> {
    let mut numbers = [0; 3];
    for (number, length) in numbers.iter_mut().zip(lengths) {
        let (digits, rest) = text.split_at_checked(length)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = digits.parse().ok()?;
        text = rest;
    }
    Some((numbers, text))
}

#[cfg(test)]
mod tests {
    use super::{is_day, is_time};

    #[test]
    fn knows_which_days_exist() {
        for day in ["20230211", "20240229", "20000229", "10000101", "99991231", "20230430"] {
            assert!(is_day(day), "{day}");
        }
        for day in
            ["20230229", "19000229", "20230431", "20230011", "20231311", "20230200", "09991231", "2023021", "+0230211"]
        {
            assert!(!is_day(day), "{day}");
        }
    }

    #[test]
    fn knows_which_times_exist() {
        for time in ["T000000Z", "T235959Z"] {
            assert!(is_time(time), "{time}");
        }
        for time in ["T240000Z", "T236000Z", "T235960Z", "T121212", "121212Z", "t121212Z", "T121212ZZ", "T+11212Z", ""]
        {
            assert!(!is_time(time), "{time}");
        }
    }
}
