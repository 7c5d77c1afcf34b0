//! Why a request cannot be signed, and why a signature is not accepted, by the schemes of the API gateways.

use http::{HeaderName, Method};

/// Why a request cannot be signed.
///
/// Every variant is a property of the input: the same call fails again. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The header `X-Sdk-Date` is absent. Set it to the current time in UTC, as in `20230211T121212Z`.
    #[error("no time: the request needs an X-Sdk-Date header")]
    MissingDate,
    /// `X-Sdk-Date` is not an existing point of time in the form `20230211T121212Z`, or a day is not one in the form
    /// `20230211`.
    #[error("the date is not an existing one in the form 20230211T121212Z (X-Sdk-Date) or 20230211 (a day)")]
    InvalidDate,
    /// The method has lower-case letters: one SDK signs them in upper case, the others do not.
    #[error("the method {0} has lower-case letters")]
    LowercaseMethod(Method),
    /// The path does not begin with `/`.
    #[error("the path does not begin with '/'")]
    RelativePath,
    /// The path has a character that the SDKs encode differently, an already encoded one (`%`) in particular.
    #[error("it is not known how the service signs a path with {0:?}")]
    UnclearPathCharacter(char),
    /// The path has an empty segment, `.` or `..`: the documentation removes them, the SDKs do not.
    #[error("it is not known how the service signs a path with the segment {0:?}")]
    UnclearPathSegment(String),
    /// The query has a `+`, which some read as a blank. Write `%20` for a blank and `%2B` for a plus.
    #[error("the query has a '+': write %20 for a blank and %2B for a plus")]
    PlusInQuery,
    /// An item of the query has no `=`. An empty value is written `name=`.
    #[error("the query item {0:?} has no '='")]
    QueryItemWithoutValue(String),
    /// The query has a `%` without two hexadecimal digits, or what it encodes is not UTF-8.
    #[error("the query is not percent-encoded UTF-8")]
    MalformedQuery,
    /// The SDKs order the items of the query in different ways.
    #[error("it is not known in which order the service signs the query items named {0:?}")]
    UnclearQueryOrder(String),
    /// A header that should be signed is absent.
    #[error("the header {0} should be signed but is absent")]
    MissingHeader(String),
    /// A signed header occurs more than once.
    #[error("the header {0} occurs more than once")]
    RepeatedHeader(HeaderName),
    /// The value of a signed header is not UTF-8.
    #[error("the header {0} has a value that is not UTF-8")]
    HeaderNotUtf8(HeaderName),
    /// The value of a signed header begins or ends with a blank: some SDKs sign it, others do not.
    #[error("the value of the header {0} begins or ends with a blank")]
    BlankAroundHeader(HeaderName),
    /// The header is `Authorization` itself, or its name has other characters than letters, digits and `-`.
    #[error("the header {0} cannot be signed")]
    UnsignableHeader(HeaderName),
    /// `X-Sdk-Content-Sha256` is neither `UNSIGNED-PAYLOAD` nor 64 lower-case hexadecimal digits.
    #[error("X-Sdk-Content-Sha256 is neither UNSIGNED-PAYLOAD nor a hash in lower-case hexadecimal digits")]
    InvalidContentHash,
    /// `X-Sdk-Content-Sha256` holds another hash than that of the payload.
    #[error("X-Sdk-Content-Sha256 is not the hash of the payload")]
    ContentHashMismatch,
    /// The payload is not to be signed, and `X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD` does not say so.
    #[error("an unsigned payload needs the header X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD")]
    UnsignedPayloadNotStated,
    /// `X-Sdk-Content-Sha256` says `UNSIGNED-PAYLOAD` and the payload is empty: one SDK signs the hash of nothing, the
    /// others `UNSIGNED-PAYLOAD`. Leave the header out.
    #[error("X-Sdk-Content-Sha256 is UNSIGNED-PAYLOAD but the payload is empty")]
    UnsignedEmptyPayload,
    /// The access key id is empty or has a comma, a slash, a blank or characters outside visible ASCII.
    #[error("the access key id is empty or has a comma, a slash, a blank or a character outside ASCII")]
    InvalidAccessKeyId,
    /// The secret access key is empty.
    #[error("the secret access key is empty")]
    EmptySecret,
    /// The region or the service is empty or has a comma, a slash, a blank or characters outside visible ASCII.
    #[error("the region or service is empty or has a comma, a slash, a blank or a character outside ASCII")]
    InvalidScope,
    /// The derived key was made for another day than that of `X-Sdk-Date`.
    #[error("the derived key is not of the day of X-Sdk-Date")]
    KeyOfAnotherDay,
}

/// Why an `Authorization` header is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header names another scheme than the one given here, or none.
    #[error("the authorization is not of the scheme {0}")]
    OtherScheme(&'static str),
    /// The header does not have the form that the SDKs write for the scheme given here.
    #[error("the authorization has not the form that the scheme {0} prescribes")]
    Malformed(&'static str),
    /// `x-sdk-date` is not among the signed headers. The documentation requires it.
    #[error("x-sdk-date is not among the signed headers")]
    DateNotSigned,
    /// The claim names another day than `X-Sdk-Date`.
    #[error("the day in the authorization is not that of X-Sdk-Date")]
    OtherDay,
    /// The derived key belongs to another access key, day, region or service than the claim names.
    #[error("the derived key is not the one that the authorization names")]
    OtherKey,
    /// The request is one that nobody can sign with certainty.
    #[error("the request cannot be signed")]
    NotSignable(#[from] SignError),
    /// The signature is not the one this request and secret give.
    #[error("the signature does not match the request")]
    Mismatch {
        /// What the signature should cover, to be compared with the client's own text. Security tokens and other
        /// secrets in it are replaced by `***`.
        canonical_request: String,
        /// The text that should be signed. It ends in the hash of the canonical request without replacements.
        string_to_sign: String,
    },
}
