//! What a request is about, and how that reads in the signature.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::dialect::Dialect;
use super::error::SignError;
use super::string_to_sign::{MASK, Secrets, Style};

/// How a bucket without a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BucketForm {
    /// `/bucket/`: the reference, and the SDK for virtual-host addresses.
    WithSlash,
    /// `/bucket`: the SDK for path-style addresses.
    Bare,
}

/// What a request is about, as the OBS signature sees it.
///
/// It is independent of how the request is addressed: virtual-host style and path style give the same resource.
///
/// ```
/// use huaweicloud_signing::obs::Resource;
///
/// let object = Resource { bucket: Some("fw-bucket"), key: Some("bbb/upgrade.bin"), query: &[] };
/// let part = Resource { query: &[("partNumber", Some("3")), ("uploadId", Some("42"))], ..object };
/// let bucket = Resource { key: None, ..object };
/// let service = Resource::default();
/// # let _ = (part, bucket, service);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The bucket, or the custom domain that is bound to it if the request goes there; none for the whole service.
    pub bucket: Option<&'a str>,
    /// The object key, not encoded; none or empty for the bucket itself.
    pub key: Option<&'a str>,
    /// The query, decoded: `?uploads` is `("uploads", None)`, `?partNumber=3` is `("partNumber", Some("3"))`.
    ///
    /// Only sub-resources are signed, so everything else may be given or left out. A name is
    ///
    /// - a sub-resource when `esdk-obs-python` 3.26.6 lists it, in the case used on the wire: `uploads`, `uploadId`,
    ///   `partNumber`, `acl`, `versionId` and so on;
    /// - refused when it differs from such a name only in case, when only the OBS API reference lists it
    ///   (`CDNNotifyConfiguration`, `attname`, `customdomain`, `orchestration`, `select`), or when it begins with
    ///   `x-obs-` or `x-amz-` and is not listed: the sources disagree on these;
    /// - not signed otherwise, like `prefix` or `marker`.
    ///
    /// A sub-resource is refused when it occurs twice, when its value is empty (say `None` and send no `=`), and when
    /// the value has other characters than ASCII letters, digits, `-`, `.`, `_`, `~` and `/`: the SDK signs such
    /// values as they are, the reference's sample percent-encodes them.
    pub query: &'a [(&'a str, Option<&'a str>)],
}

/// What stays as it is in an object key; the rest is percent-encoded.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The token of a temporary key, when it travels in the query.
const SECURITY_TOKEN: &str = "x-obs-security-token";

/// `ALLOWED_RESOURCE_PARAMTER_NAMES` lists these in lower case in `esdk-obs-python` 3.26.6; the spelling here is that
/// of its calls and of the OBS API reference. `x-obs-security-token` is listed by the reference and covered by the
/// SDK's rule for the prefix.
const SUB_RESOURCES: &[&str] = &[
    "acl",
    "append",
    "backtosource",
    "bucketStatus",
    "cors",
    "delete",
    "deletebucket",
    "directcoldaccess",
    "disPolicy",
    "encryption",
    "fileinterface",
    "inventory",
    "length",
    "lifecycle",
    "location",
    "logging",
    "metadata",
    "modify",
    "name",
    "notification",
    "object-lock",
    "obsalias",
    "obsbucketalias",
    "obscompresspolicy",
    "obsworkflowtriggerpolicy",
    "partNumber",
    "policy",
    "policyStatus",
    "position",
    "publicAccessBlock",
    "quota",
    "rename",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "storageClass",
    "storageinfo",
    "storagePolicy",
    "tagging",
    "torrent",
    "truncate",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    "x-image-process",
    "x-image-save-bucket",
    "x-image-save-object",
    "x-obs-accesslabel",
    SECURITY_TOKEN,
    "x-oss-process",
    "x-workflow-execution-state",
    "x-workflow-execution-type",
    "x-workflow-graph-name",
    "x-workflow-limit",
    "x-workflow-next-marker",
    "x-workflow-prefix",
    "x-workflow-start",
    "x-workflow-template-name",
];

/// Names that only the OBS API reference calls sub-resources; the SDK sends `customdomain` without signing it.
const DISPUTED: &[&str] = &["CDNNotifyConfiguration", "attname", "customdomain", "orchestration", "select"];

impl Resource<'_> {
    /// Appends the last line of the string to sign.
    pub(super) fn write(&self, out: &mut String, style: Style) -> Result<(), SignError> {
        self.write_path(out, style.bucket)?;
        let mut separator = '?';
        for (name, value) in self.sub_resources()? {
            out.push(separator);
            out.push_str(name);
            if let Some(value) = value {
                out.push('=');
                match style.secrets {
                    Secrets::Masked if name == SECURITY_TOKEN => out.push_str(MASK),
                    _ => out.push_str(value),
                }
            }
            separator = '&';
        }
        Ok(())
    }

    /// Whether it is a bucket and not an object in it.
    pub(super) fn is_bucket(&self) -> bool {
        self.bucket.is_some() && self.key.is_none_or(str::is_empty)
    }

    fn write_path(&self, out: &mut String, form: BucketForm) -> Result<(), SignError> {
        let key = self.key.filter(|key| !key.is_empty());
        out.push('/');
        let Some(bucket) = self.bucket else {
            return match key {
                Some(_) => Err(SignError::KeyWithoutBucket),
                None => Ok(()),
            };
        };
        // A slash or a line break in the bucket would let two different requests share one signature.
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if bucket.is_empty() || !bucket.bytes().all(allowed) {
            return Err(SignError::InvalidBucket);
        }
        out.push_str(bucket);
        if key.is_some() || form == BucketForm::WithSlash {
            out.push('/');
        }
        if let Some(key) = key {
            out.extend(utf8_percent_encode(key, KEY));
        }
        Ok(())
    }

    /// The query items that are signed, in order.
    fn sub_resources(&self) -> Result<Vec<(&str, Option<&str>)>, SignError> {
        let mut found = Vec::new();
        for &(name, value) in self.query {
            if is_sub_resource(name)? {
                if value.is_some_and(|value| !is_plain(value)) {
                    return Err(SignError::UnclearSubResourceValue(name.to_owned()));
                }
                found.push((name, value));
            }
        }
        found.sort_unstable_by_key(|&(name, _)| name);
        match found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(SignError::RepeatedSubResource(pair[0].0.to_owned())),
            None => Ok(found),
        }
    }
}

/// Whether a query item is signed, if that is known.
fn is_sub_resource(name: &str) -> Result<bool, SignError> {
    if SUB_RESOURCES.contains(&name) {
        return Ok(true);
    }
    // Headers with one of these prefixes are all signed; of query items with it, that is not known.
    let prefixed = Dialect::ALL
        .map(Dialect::header_prefix)
        .into_iter()
        .any(|prefix| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)));
    let resembles_one = SUB_RESOURCES.iter().chain(DISPUTED).any(|listed| listed.eq_ignore_ascii_case(name));
    if prefixed || resembles_one {
        return Err(SignError::UnknownSubResource(name.to_owned()));
    }
    Ok(false)
}

/// Whether a value reads the same with and without percent-encoding.
fn is_plain(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/".contains(&b);
    !value.is_empty() && value.bytes().all(plain)
}
