//! Why a request cannot be signed, and why a signature is not accepted.

use http::HeaderName;

/// Why a request cannot be signed.
///
/// Every variant is a property of the input: the same call fails again. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Neither `Date` nor `x-obs-date` is present, or it is empty. Set one of them to the current time in GMT.
    #[error("no time: the request needs a Date or x-obs-date header")]
    MissingDate,
    /// A header occurs more than once that may occur only once.
    #[error("the header {0} occurs more than once")]
    RepeatedHeader(HeaderName),
    /// A signed header has a value outside visible ASCII, blank and tab. Encode it, for example in Base64.
    #[error("the header {0} has a value that is not printable ASCII")]
    HeaderNotAscii(HeaderName),
    /// The bucket is empty or has characters other than ASCII letters, digits, `-`, `.` and `_`.
    #[error("the bucket is empty or has characters other than ASCII letters, digits, '-', '.', '_'")]
    InvalidBucket,
    /// There is an object key but no bucket.
    #[error("there is an object key but no bucket")]
    KeyWithoutBucket,
    /// A sub-resource occurs more than once in the query.
    #[error("the sub-resource {0} occurs more than once in the query")]
    RepeatedSubResource(String),
    /// It is not certain whether the service counts a query item as a sub-resource; see
    /// [`Resource::query`](super::Resource::query).
    #[error("it is not known whether the service signs the query item {0:?}")]
    UnknownSubResource(String),
    /// It is not certain how the service writes the value of a sub-resource; see
    /// [`Resource::query`](super::Resource::query).
    #[error("it is not known how the service signs the value of the sub-resource {0}")]
    UnclearSubResourceValue(String),
    /// The access key id is empty or has a colon, a blank or characters outside visible ASCII.
    #[error("the access key id is empty or has a colon, a blank or a character outside ASCII")]
    InvalidAccessKeyId,
    /// The secret access key is empty.
    #[error("the secret access key is empty")]
    EmptySecret,
}

/// Why an `Authorization` header is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header names another scheme than `OBS` and `AWS`, or none.
    #[error("the authorization is of neither the scheme OBS nor AWS")]
    OtherScheme,
    /// The header does not have the form `<scheme> <access key id>:<Base64 of 20 bytes>`.
    #[error("the authorization has not the form 'OBS <access key id>:<signature>'")]
    Malformed,
    /// The request is one that nobody can sign with certainty.
    #[error("the request cannot be signed")]
    NotSignable(#[from] SignError),
    /// The signature is not the one this request and secret give.
    #[error("the signature does not match the request")]
    Mismatch {
        /// What the signature should cover, to be compared with the client's own text. Security tokens and
        /// encryption keys in it are replaced by `***`.
        string_to_sign: String,
    },
}
