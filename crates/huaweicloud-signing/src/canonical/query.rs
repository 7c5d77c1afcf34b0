//! The query in the canonical request.

use std::borrow::Cow;

use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::SignError;
use super::path::ENCODED;

/// Returns the canonical query for names and values as they are, not encoded.
///
/// The official SDKs put exactly this text into the address of the request, and so should you: it is unambiguous to
/// every server, unlike the form encoding (`+` for a blank) that many HTTP libraries choose.
///
/// ```
/// use huaweicloud_signing::canonical;
///
/// let query = canonical::query([("version", "V2.0"), ("app_id", "a b"), ("marker", "")])?;
/// assert_eq!(query, "app_id=a%20b&marker=&version=V2.0");
/// # Ok::<(), canonical::SignError>(())
/// ```
///
/// # Errors
///
/// [`SignError::UnclearQueryOrder`] when the SDKs disagree on the order of the items.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<String, SignError> {
    let pairs = pairs.into_iter().map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))).collect();
    let mut out = String::new();
    write_sorted(pairs, &mut out)?;
    Ok(out)
}

/// Appends the canonical form of a query as it stands in the request line.
pub(super) fn write(query: &str, out: &mut String) -> Result<(), SignError> {
    if query.is_empty() {
        return Ok(());
    }
    write_sorted(query.split('&').map(item).collect::<Result<_, _>>()?, out)
}

fn item(text: &str) -> Result<(Cow<'_, str>, Cow<'_, str>), SignError> {
    let (name, value) = text.split_once('=').ok_or_else(|| SignError::QueryItemWithoutValue(text.to_owned()))?;
    Ok((decode(name)?, decode(value)?))
}

fn decode(text: &str) -> Result<Cow<'_, str>, SignError> {
    if text.contains('+') {
        return Err(SignError::PlusInQuery);
    }
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    if !text.split('%').skip(1).all(is_escape) {
        return Err(SignError::MalformedQuery);
    }
    percent_decode_str(text).decode_utf8().map_err(|_| SignError::MalformedQuery)
}

fn write_sorted(mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)>, out: &mut String) -> Result<(), SignError> {
    pairs.sort_unstable();
    let unclear = |pair: &&[(Cow<'_, str>, Cow<'_, str>)]| {
        let ((name, value), (next_name, next_value)) = (&pair[0], &pair[1]);
        let same_for_node = (name.encode_utf16().cmp(next_name.encode_utf16()))
            .then_with(|| value.encode_utf16().cmp(next_value.encode_utf16()))
            .is_le();
        !same_for_node || (name == next_name && is_greater_number(value, next_value))
    };
    if let Some(pair) = pairs.windows(2).find(unclear) {
        return Err(SignError::UnclearQueryOrder(pair[0].0.to_string()));
    }
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name, ENCODED));
        out.push('=');
        out.extend(utf8_percent_encode(value, ENCODED));
    }
    Ok(())
}

/// Whether two values that are in order as text are integers in the opposite order.
fn is_greater_number(value: &str, next: &str) -> bool {
    let number = |text: &str| text.parse::<i128>().ok();
    number(value).zip(number(next)).is_some_and(|(value, next)| value > next)
}
