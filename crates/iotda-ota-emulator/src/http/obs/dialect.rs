//! The AWS-style names of headers, which the official SDK uses when the server is an IP address.
//!
//! Inside, only the service's own names exist: those of a signed request are translated when its signature is checked,
//! and those of the answer when it is complete.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use huaweicloud_signing::obs::{Dialect, parse_authorization};

/// Which names a request uses.
pub(super) fn of(headers: &HeaderMap) -> Dialect {
    let claim = headers.get(AUTHORIZATION).and_then(|value| parse_authorization(value).ok());
    claim.map_or(Dialect::Obs, |claim| claim.dialect())
}

/// Gives the headers of a request the service's own names. Headers that have them already, in a request of the other
/// kind, are not signed and do not count.
pub(super) fn translate_request(headers: &mut HeaderMap) {
    let dialect = of(headers);
    if dialect != Dialect::Obs {
        rename(headers, dialect, Dialect::Obs);
    }
}

/// Gives the headers of an answer the names of the request's.
pub(super) fn translate_answer(dialect: Dialect, headers: &mut HeaderMap) {
    if dialect != Dialect::Obs {
        rename(headers, Dialect::Obs, dialect);
    }
}

fn rename(headers: &mut HeaderMap, from: Dialect, to: Dialect) {
    let mut renamed = HeaderMap::with_capacity(headers.len());
    for (name, value) in &*headers {
        let name = match name.as_str().strip_prefix(from.header_prefix()) {
            None if name.as_str().starts_with(to.header_prefix()) => continue,
            None => Ok(name.clone()),
            Some(rest) => HeaderName::try_from(format!("{}{rest}", to.header_prefix())),
        };
        // A legal name is legal with the other prefix.
        if let Ok(name) = name {
            renamed.append(name, value.clone());
        }
    }
    *headers = renamed;
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn only_requests_of_the_other_dialect_are_translated() {
        let mut headers = HeaderMap::new();
        for name in ["x-amz-meta-a", "x-obs-meta-b", "content-type"] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        translate_request(&mut headers);
        assert_eq!(names(&headers), ["content-type", "x-amz-meta-a", "x-obs-meta-b"]);

        let aws = HeaderValue::from_static("AWS A:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        headers.insert(AUTHORIZATION, aws);
        translate_request(&mut headers);
        assert_eq!(names(&headers), ["authorization", "content-type", "x-obs-meta-a"]);
        translate_answer(Dialect::Aws, &mut headers);
        assert_eq!(names(&headers), ["authorization", "content-type", "x-amz-meta-a"]);
    }
}
