//! Which bucket, object and query an OBS request is about.

use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::Refused;
use crate::rejection::{Code, Rejection};
use crate::store::Store;

/// Most characters of an object key.
const MOST_KEY_CHARACTERS: usize = 1024;

/// A path-style address, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Empty when the path is only a slash.
    pub(super) bucket: String,
    /// Empty for the bucket itself. Dots and slashes in it are just characters.
    pub(super) key: String,
    pub(super) query: Vec<(String, Option<String>)>,
}

impl Target {
    pub(super) fn read(uri: &Uri) -> Result<Self, Rejection> {
        let path = uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Ok(Self {
            bucket: decode(bucket)?,
            key: decode(key)?,
            query: uri
                .query()
                .unwrap_or_default()
                .split('&')
                .filter(|item| !item.is_empty())
                .map(|item| match item.split_once('=') {
                    Some((name, value)) => Ok((decode(name)?, Some(decode(value)?))),
                    None => Ok((decode(item)?, None)),
                })
                .collect::<Result<_, Rejection>>()?,
        })
    }

    /// Whether this is the unsigned question which protocol the server speaks.
    pub(super) fn is_version_question(&self, method: &Method) -> bool {
        method == Method::HEAD
            && self.key.is_empty()
            && matches!(self.query.as_slice(), [(name, None)] if name == "apiversion")
    }

    pub(super) async fn require_bucket(&self, store: &Store) -> Result<(), Refused> {
        if self.bucket.is_empty() {
            return Err(Rejection::new(
                Code::ObsNotImplemented,
                "The emulator has no operations on the whole service; the path must begin with a bucket",
            )
            .into());
        }
        if store.has_bucket(self.bucket.clone()).await? {
            return Ok(());
        }
        Err(self.no_such_bucket().into())
    }

    pub(super) fn no_such_bucket(&self) -> Rejection {
        Rejection::new(Code::ObsNoSuchBucket, format!("The bucket {:?} does not exist", self.bucket))
    }

    /// Refuses queries: each asks for an operation that the emulator does not have.
    pub(super) fn refuse_query(&self) -> Result<(), Rejection> {
        match self.query.first() {
            None => Ok(()),
            Some((name, _)) => Err(Rejection::new(
                Code::ObsNotImplemented,
                format!("The emulator has no operation with {name:?} in the query"),
            )),
        }
    }

    /// The object key, or nothing for the bucket itself.
    pub(super) fn object_key(&self) -> Result<Option<String>, Rejection> {
        if self.key.is_empty() {
            return Ok(None);
        }
        let length = self.key.chars().count();
        if length > MOST_KEY_CHARACTERS {
            return Err(Rejection::new(
                Code::ObsKeyTooLong,
                format!("The object key may have {MOST_KEY_CHARACTERS} characters, not {length}"),
            ));
        }
        Ok(Some(self.key.clone()))
    }
}

fn decode(text: &str) -> Result<String, Rejection> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Rejection::new(Code::ObsInvalidArgument, "The address is not percent-encoded UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(uri: &str) -> Target {
        Target::read(&uri.parse().unwrap()).unwrap()
    }

    #[test]
    fn splits_bucket_and_key_and_decodes_both() {
        let target = read("/abc/bbb/%E5%8D%87%20a+b.bin");
        assert_eq!((target.bucket.as_str(), target.key.as_str()), ("abc", "bbb/升 a+b.bin"));
        assert_eq!(read("/abc").key, "");
        assert_eq!(read("/").bucket, "");
    }

    #[test]
    fn dots_and_slashes_stay_in_the_key() {
        assert_eq!(read("/abc/../x").key, "../x");
        assert_eq!(read("/abc/a//%2e%2e%2Fb").key, "a//../b");
    }

    #[test]
    fn reads_the_query() {
        let target = read("/abc/k?uploadId=1%2F2&uploads");
        assert_eq!(target.query[0], ("uploadId".to_owned(), Some("1/2".to_owned())));
        assert_eq!(target.query[1], ("uploads".to_owned(), None));
        assert!(target.refuse_query().is_err());
    }

    #[test]
    fn only_a_head_of_a_bucket_asks_for_the_version() {
        assert!(read("/abc?apiversion").is_version_question(&Method::HEAD));
        assert!(!read("/abc?apiversion").is_version_question(&Method::GET));
        assert!(!read("/abc/k?apiversion").is_version_question(&Method::HEAD));
    }

    #[test]
    fn rejects_what_is_not_utf8_and_long_keys() {
        assert!(Target::read(&"/abc/%ff".parse().unwrap()).is_err());
        let long = format!("/abc/{}", "k".repeat(1025));
        assert_eq!(read(&long).object_key().unwrap_err().code, Code::ObsKeyTooLong);
        assert!(read(&long[..long.len() - 1]).object_key().is_ok());
    }
}
