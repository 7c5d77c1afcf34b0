//! Addresses of objects.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::endpoint;
use crate::error::{Error, ErrorKind};
use crate::validate::{Violations, rules};

/// The characters of a key that stand for themselves in a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What stands for itself in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The address of a request about an object, or with an empty key about the bucket.
pub(super) fn url(
    endpoint: &Url,
    bucket: &str,
    key: &str,
    query: &[(&'static str, Option<String>)],
) -> Result<Url, Error> {
    let mut url = object_url(endpoint, bucket, key)?;
    let items = query.iter().map(|(name, value)| match value {
        Some(value) => format!("{name}={}", utf8_percent_encode(value, QUERY)),
        None => (*name).to_owned(),
    });
    let items: Vec<_> = items.collect();
    url.set_query(Some(items.join("&").as_str()).filter(|query| !query.is_empty()));
    Ok(url)
}

/// The address of an object: the bucket in the path on this machine, else in front of the host.
fn object_url(endpoint: &Url, bucket: &str, key: &str) -> Result<Url, Error> {
    let encoded: String = utf8_percent_encode(key, ENCODED).collect();
    let mut url = endpoint.clone();
    let base = endpoint.path().trim_end_matches('/').to_owned();
    let path = if endpoint::is_path_style(endpoint) {
        format!("{base}/{bucket}/{encoded}")
    } else {
        let host = format!("{bucket}.{}", endpoint.host_str().unwrap_or_default());
        if url.set_host(Some(&host)).is_err() {
            let message = format!("no host name can be made of bucket {bucket:?}");
            return Err(Error::new(ErrorKind::Invalid, message));
        }
        format!("{base}/{encoded}")
    };
    url.set_path(&path);
    // Addresses have no `.` and `..` segments: what a URL makes of them is another object.
    if url.path() != path {
        let message = format!("object {key:?} in bucket {bucket:?} cannot be put into an address");
        return Err(Error::new(ErrorKind::Invalid, message).with_hint("use names without the segments . and .."));
    }
    Ok(url)
}

/// Reports a bucket or key that no address at this OBS can hold.
pub(crate) fn check(endpoint: Option<&Url>, bucket: &str, key: &str, violations: &mut Violations) {
    rules::addressable_key(key, violations);
    // The key is judged above; a plain one shows whether the bucket can be addressed.
    if !bucket.is_empty() && endpoint.is_some_and(|endpoint| object_url(endpoint, bucket, "x").is_err()) {
        let help = "check the bucket name";
        violations.add("file_location.obs_location.bucket_name", "part of a host name", bucket, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_stands_before_the_host_or_in_the_path() {
        for (endpoint, expected) in [
            ("https://obs.cn-north-4.myhuaweicloud.com", "https://fw.obs.cn-north-4.myhuaweicloud.com/a/b.bin"),
            ("https://obs.example:8443/", "https://fw.obs.example:8443/a/b.bin"),
            ("http://127.0.0.1:8791", "http://127.0.0.1:8791/fw/a/b.bin"),
            ("http://localhost:8791/base/", "http://localhost:8791/base/fw/a/b.bin"),
        ] {
            assert_eq!(object_url(&endpoint.parse().unwrap(), "fw", "a/b.bin").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_query_is_encoded_and_a_bucket_has_no_key() {
        let endpoint = "http://127.0.0.1:8791".parse().unwrap();
        let query = [("uploads", None), ("prefix", Some("固 件/a+b&c=d".to_owned()))];
        let url = url(&endpoint, "fw", "", &query).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:8791/fw/?uploads&prefix=%E5%9B%BA%20%E4%BB%B6%2Fa%2Bb%26c%3Dd");
    }

    #[test]
    fn a_key_of_any_characters_is_encoded_and_one_with_dot_segments_refused() {
        let endpoint = "http://127.0.0.1:8791".parse().unwrap();
        let url = object_url(&endpoint, "fw", "固件 1/a+b%2F?#&=.bin").unwrap();
        assert_eq!(url.path(), "/fw/%E5%9B%BA%E4%BB%B6%201/a%2Bb%252F%3F%23%26%3D.bin");
        assert_eq!(url.query(), None);
        for key in ["../other/x.bin", "a/../x.bin", "a/./x.bin", ".."] {
            assert!(object_url(&endpoint, "fw", key).unwrap_err().is_invalid(), "{key}");
        }
        assert!(object_url(&endpoint, "..", "x.bin").is_err());
    }
}
