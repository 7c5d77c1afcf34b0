//! Which bucket, object and query an OBS request is about.

use http::request::Parts;
use http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::Refused;
use super::host::InHost;
use crate::rejection::{Code, Rejection};
use crate::store::Store;

/// Most characters of an object key.
const MOST_KEY_CHARACTERS: usize = 1024;

/// How many entries a page has when the request does not say, and the most it can have.
const MOST_ENTRIES: usize = 1000;

/// An address, decoded; the same for both styles.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Empty when the address names none.
    pub(super) bucket: String,
    /// Empty for the bucket itself. Dots and slashes in it are just characters.
    pub(super) key: String,
    pub(super) query: Vec<(String, Option<String>)>,
}

impl Target {
    /// Reads the address of a request.
    pub(super) async fn of(parts: &Parts, store: &Store) -> Result<Self, Refused> {
        let bucket = match InHost::of(parts) {
            InHost::Bucket(bucket) => bucket,
            InHost::BucketIfItExists(bucket) if store.bucket(bucket.clone()).await?.is_some() => bucket,
            InHost::BucketIfItExists(_) | InHost::Nothing => return Ok(Self::in_path(&parts.uri)?),
        };
        Ok(Self { bucket, key: decode(path(&parts.uri))?, query: query(&parts.uri)? })
    }

    /// Reads an address in path style.
    pub(super) fn in_path(uri: &Uri) -> Result<Self, Rejection> {
        let path = path(uri);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Ok(Self { bucket: decode(bucket)?, key: decode(key)?, query: query(uri)? })
    }

    /// Whether this is the unsigned question which protocol the server speaks.
    pub(super) fn is_version_question(&self, method: &Method) -> bool {
        method == Method::HEAD
            && self.key.is_empty()
            && matches!(self.query.as_slice(), [(name, None)] if name == "apiversion")
    }

    /// Refuses a bucket that does not exist, or that belongs to somebody else than `user`, if there is one.
    pub(super) async fn require_bucket(&self, store: &Store, user: Option<&str>) -> Result<(), Refused> {
        if self.bucket.is_empty() {
            return Err(Rejection::new(
                Code::ObsNotImplemented,
                "The emulator has no operations on the whole service; the address must name a bucket, as \
                 http://HOST/BUCKET/KEY or http://BUCKET.localhost/KEY",
            )
            .into());
        }
        let Some(bucket) = store.bucket(self.bucket.clone()).await? else {
            return Err(self.no_such_bucket().into());
        };
        match user {
            Some(user) if !bucket.owner.is_empty() && bucket.owner != user => Err(Rejection::new(
                Code::ObsAccessDenied,
                format!("The bucket {:?} belongs to the user {:?}, not to {user:?}", self.bucket, bucket.owner),
            )
            .into()),
            _ => Ok(()),
        }
    }

    pub(super) fn no_such_bucket(&self) -> Rejection {
        Rejection::new(Code::ObsNoSuchBucket, format!("The bucket {:?} does not exist", self.bucket))
    }

    /// Refuses keys that are too long.
    pub(super) fn check_key(&self) -> Result<(), Rejection> {
        let length = self.key.chars().count();
        if length > MOST_KEY_CHARACTERS {
            return Err(Rejection::new(
                Code::ObsKeyTooLong,
                format!("The object key may have {MOST_KEY_CHARACTERS} characters, not {length}"),
            ));
        }
        Ok(())
    }

    /// The value of a query item; one without a value is as good as an empty one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// How many entries a page may have; a number that is out of range counts as the default, by the API reference.
    pub(super) fn most_entries(&self, name: &str) -> Result<usize, Rejection> {
        let most = self.number(name)?.unwrap_or_default();
        Ok(usize::try_from(most).ok().filter(|most| (1..=MOST_ENTRIES).contains(most)).unwrap_or(MOST_ENTRIES))
    }

    /// The value of a query item that must be a number.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Rejection> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse();
        number.map(Some).map_err(|_| {
            Rejection::new(Code::ObsInvalidArgument, format!("{name} must be a number, and {text:?} is none"))
        })
    }

    /// Whether keys in the answer are to be percent-encoded.
    pub(super) fn wants_encoded_keys(&self) -> Result<bool, Rejection> {
        match self.text("encoding-type") {
            None => Ok(false),
            Some("url") => Ok(true),
            Some(other) => {
                Err(Rejection::new(Code::ObsInvalidArgument, format!("encoding-type must be url, not {other:?}")))
            }
        }
    }
}

fn path(uri: &Uri) -> &str {
    uri.path().strip_prefix('/').unwrap_or(uri.path())
}

fn query(uri: &Uri) -> Result<Vec<(String, Option<String>)>, Rejection> {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|item| !item.is_empty())
        .map(|item| match item.split_once('=') {
            Some((name, value)) => Ok((decode(name)?, Some(decode(value)?))),
            None => Ok((decode(item)?, None)),
        })
        .collect()
}

fn decode(text: &str) -> Result<String, Rejection> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Rejection::new(Code::ObsInvalidArgument, "The address is not percent-encoded UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn read(uri: &str) -> Target {
        Target::in_path(&uri.parse().unwrap()).unwrap()
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
        let target = read("/abc/k?uploadId=1%2F2&uploads&max-keys=5&max-uploads=1001&max-parts=many");
        assert_eq!(target.query[0], ("uploadId".to_owned(), Some("1/2".to_owned())));
        assert_eq!(target.query[1], ("uploads".to_owned(), None));
        assert_eq!(target.most_entries("max-keys"), Ok(5));
        assert_eq!(target.most_entries("max-uploads"), Ok(1000));
        assert_eq!(target.most_entries("nothing"), Ok(1000));
        assert!(target.most_entries("max-parts").is_err());
    }

    #[test]
    fn only_a_head_of_a_bucket_asks_for_the_version() {
        assert!(read("/abc?apiversion").is_version_question(&Method::HEAD));
        assert!(!read("/abc?apiversion").is_version_question(&Method::GET));
        assert!(!read("/abc/k?apiversion").is_version_question(&Method::HEAD));
    }

    #[test]
    fn rejects_what_is_not_utf8_and_long_keys() {
        assert!(Target::in_path(&"/abc/%ff".parse().unwrap()).is_err());
        let long = format!("/abc/{}", "k".repeat(1025));
        assert_eq!(read(&long).check_key().unwrap_err().code, Code::ObsKeyTooLong);
        assert!(read(&long[..long.len() - 1]).check_key().is_ok());
    }

    fn encoded(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    proptest! {
        #[test]
        fn any_bucket_key_and_query_are_read_as_they_were_encoded(
            bucket in "[a-z0-9.-]{1,20}", key in ".{0,30}", query in vec((".{1,9}", option::of(".{0,9}")), 0..4),
        ) {
            let items: Vec<String> = query
                .iter()
                .map(|(name, value)| match value {
                    Some(value) => format!("{}={}", encoded(name), encoded(value)),
                    None => encoded(name),
                })
                .collect();
            let target = read(&format!("/{bucket}/{}?{}", encoded(&key), items.join("&")));
            prop_assert_eq!(&target, &Target { bucket: bucket.clone(), key: key.clone(), query });
            // Slashes may stand for themselves.
            let slashes = key.split('/').map(encoded).collect::<Vec<_>>().join("/");
            prop_assert_eq!(read(&format!("/{bucket}/{slashes}")).key, key);
        }

        #[test]
        fn any_address_is_read_or_refused(path in "/[!-~]{0,40}") {
            if let Ok(uri) = path.parse::<Uri>()
                && let Ok(target) = Target::in_path(&uri)
            {
                let _ = (target.check_key(), target.most_entries("max-keys"), target.wants_encoded_keys());
                prop_assert!(!target.bucket.contains('/') || path.contains('%'));
            }
        }
    }
}
