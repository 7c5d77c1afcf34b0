//! The path in the canonical request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SignError;

/// What stays as it is in paths and queries; the rest is percent-encoded.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends the canonical form of a path as it stands in the request line.
pub(super) fn write(path: &str, out: &mut String) -> Result<(), SignError> {
    let segments = path.strip_prefix('/').ok_or(SignError::RelativePath)?;
    out.push('/');
    if segments.is_empty() {
        return Ok(());
    }
    // A slash at the end makes no difference, because the canonical form always has one.
    let segments = segments.strip_suffix('/').unwrap_or(segments);
    for segment in segments.split('/') {
        if matches!(segment, "" | "." | "..") {
            return Err(SignError::UnclearPathSegment(segment.to_owned()));
        }
        if let Some(unclear) = segment.chars().find(|&c| !is_clear(c)) {
            return Err(SignError::UnclearPathCharacter(unclear));
        }
        out.extend(utf8_percent_encode(segment, ENCODED));
        out.push('/');
    }
    Ok(())
}

/// Whether a character may stand in a path as it is (RFC 3986, `pchar`) and all SDKs treat it alike.
///
/// The apostrophe is missing, because the Node SDK encodes it twice.
fn is_clear(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&()*+,;=:@".contains(c)
}
