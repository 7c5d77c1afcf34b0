//! The form of inputs that are an HTTP message: a first line, headers, an empty line, a body; lines end as they like.

use http::{HeaderMap, HeaderName, HeaderValue};

/// First line, headers and body. What cannot be a header is left out.
pub(crate) fn split(data: &[u8]) -> (&[u8], HeaderMap, &[u8]) {
    let (first, mut rest) = line(data);
    let mut headers = HeaderMap::new();
    loop {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            return (first, headers, rest);
        }
        let Some(colon) = header.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = (&header[..colon], header[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            let _ = headers.try_append(name, value);
        }
    }
}

fn line(data: &[u8]) -> (&[u8], &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let line = &data[..end];
    (line.strip_suffix(b"\r").unwrap_or(line), data.get(end + 1..).unwrap_or_default())
}
