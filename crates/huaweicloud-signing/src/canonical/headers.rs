//! Which headers are signed, and how they read in the canonical request.

use std::fmt;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::date::DATE;
use super::{MASK, Secrets, SignError};

/// The headers that [`SignedHeaders::usual`] chooses from, in order.
const USUAL: &[&str] = &[
    "content-type",
    "host",
    "instance-id",
    "x-domain-id",
    "x-project-id",
    "x-sdk-content-sha256",
    "x-sdk-date",
    "x-security-token",
];

/// Headers whose value is a secret by itself.
const SECRET_HEADERS: &[&str] =
    &["cookie", "proxy-authorization", "x-auth-token", "x-security-token", "x-subject-token"];

/// The names of the headers that a signature covers; `x-sdk-date` is always one of them.
///
/// ```
/// use http::{HeaderMap, HeaderValue, header::ACCEPT};
/// use huaweicloud_signing::canonical::SignedHeaders;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
/// headers.insert("host", HeaderValue::from_static("iotda.example.com"));
/// headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
/// assert_eq!(SignedHeaders::usual(&headers).to_string(), "host;x-sdk-date");
/// assert_eq!(SignedHeaders::new(headers.keys())?.to_string(), "accept;host;x-sdk-date");
/// # Ok::<(), huaweicloud_signing::canonical::SignError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders<'a> {
    /// In order, without repetition, and each can be signed.
    names: Vec<&'a str>,
}

impl<'a> SignedHeaders<'a> {
    /// Chooses, of the headers that are present, those that mean something to the service and arrive as they were
    /// sent: `content-type`, `host`, `instance-id`, `x-domain-id`, `x-project-id`, `x-sdk-content-sha256`,
    /// `x-sdk-date` and `x-security-token`.
    ///
    /// Everything else, like `accept-encoding`, `user-agent` or `x-forwarded-for`, may be changed by an HTTP library
    /// or a proxy after signing, and the signature would no longer match. The documentation requires `x-sdk-date` only;
    /// a request whose `host` is not signed can be repeated against another one.
    pub fn usual(headers: &HeaderMap) -> SignedHeaders<'static> {
        let chosen = |name: &&str| *name == DATE.as_str() || headers.contains_key(*name);
        SignedHeaders { names: USUAL.iter().copied().filter(chosen).collect() }
    }

    /// Takes these headers, in any order, and `x-sdk-date`.
    ///
    /// All of them must be present in the request, once each.
    ///
    /// # Errors
    ///
    /// [`SignError::UnsignableHeader`] for `authorization`, and for a name with other characters than letters, digits
    /// and `-`: the SDKs leave out, sign or order such names in different ways.
    pub fn new(names: impl IntoIterator<Item = &'a HeaderName>) -> Result<Self, SignError> {
        let mut chosen = vec!["x-sdk-date"];
        for name in names {
            if !is_signable(name.as_str()) {
                return Err(SignError::UnsignableHeader(name.clone()));
            }
            chosen.push(name.as_str());
        }
        chosen.sort_unstable();
        chosen.dedup();
        Ok(Self { names: chosen })
    }

    /// Reads the list of an `Authorization` header, in exactly the form that the SDKs write.
    pub(crate) fn parse(list: &'a str) -> Option<Self> {
        let names: Vec<_> = list.split(';').collect();
        let valid = names.iter().all(|name| is_signable(name)) && names.is_sorted_by(|name, next| name < next);
        valid.then_some(Self { names })
    }

    /// Whether a header is covered; the name is in lower case.
    pub fn contains(&self, name: &str) -> bool {
        self.names.binary_search(&name).is_ok()
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.names.iter().copied()
    }

    /// Appends the names as they stand in the `Authorization` header.
    pub(crate) fn write(&self, out: &mut String) {
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                out.push(';');
            }
            out.push_str(name);
        }
    }
}

impl fmt::Display for SignedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(";"))
    }
}

/// Whether the SDKs agree on how to sign a header of this name.
///
/// Python and new versions of Go leave out names with an underscore, Node signs them. Node orders names by the rules of
/// a language instead of by their bytes, which is the same only for letters, digits and `-`.
fn is_signable(name: &str) -> bool {
    let clear = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.bytes().all(clear) && name != AUTHORIZATION.as_str()
}

/// Appends one line for each signed header.
pub(super) fn write(
    signed: &SignedHeaders<'_>,
    headers: &HeaderMap,
    secrets: Secrets,
    out: &mut String,
) -> Result<(), SignError> {
    for name in signed.iter() {
        let value = single_value(headers, name)?.ok_or_else(|| SignError::MissingHeader(name.to_owned()))?;
        let text = text(name, value)?;
        let secret = value.is_sensitive() || SECRET_HEADERS.contains(&name);
        out.push_str(name);
        out.push(':');
        out.push_str(if secret && secrets == Secrets::Masked { MASK } else { text });
        out.push('\n');
    }
    Ok(())
}

/// The value of a header that may occur once.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SignError> {
    single_value(headers, name)?.map(|value| text(name, value)).transpose()
}

fn single_value<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, SignError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(SignError::RepeatedHeader(header_name(name))),
    }
}

/// The value as text.
fn text<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, SignError> {
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| SignError::HeaderNotUtf8(header_name(name)))?;
    if text.trim() != text {
        return Err(SignError::BlankAroundHeader(header_name(name)));
    }
    Ok(text)
}

/// The name of a header that was found by it.
fn header_name(name: &str) -> HeaderName {
    // A header was found by this name, so it is one.
    HeaderName::from_bytes(name.as_bytes()).expect("the name of an existing header")
}
