//! The canonical request: what the schemes of the API gateways ([`sdk_hmac`](crate::sdk_hmac) and
//! [`v11`](crate::v11)) sign.
//!
//! In the order of use: [`query`] writes the query of the address; [`Request`] is the request, with its [`Payload`];
//! [`SignedHeaders`] says which headers are covered; [`Request::canonical`] is the text, which helps when two sides
//! disagree. [`SignError`] and [`VerifyError`] are the errors of both schemes.
//!
//! # The text
//!
//! ```text
//! METHOD \n
//! path, with a slash at the end \n
//! query, sorted \n
//! every signed header as name:value \n, in the order of the names
//! \n
//! the names of the signed headers, joined with ; \n
//! SHA-256 of the body in hexadecimal digits, or the value of X-Sdk-Content-Sha256
//! ```
//!
//! The rules come from [the guide] ("Constructing a Standard Request" and "Are Request Header Parameters Required for
//! Signing Requests?" of the API Request Signing Guide) and from the official SDKs: Python `huaweicloudsdkcore`
//! 3.1.219 (`signer/signer.py`), Node `@huaweicloud/huaweicloud-sdk-core` 3.1.211 (`auth/AKSKSigner.js`) and Go
//! `huaweicloud-sdk-go-v3` (`core/auth/signer/`). What the three SDKs agree on is signed. Where they disagree with each
//! other or with the guide, the request is refused with a [`SignError`] instead of being signed in a way the service
//! may not share.
//!
//! | Rule | Source |
//! |---|---|
//! | the method as it is; lower case | Python makes it upper case, Go and Node do not: refused |
//! | the path gets a slash at the end if it has none; the request is sent without | guide and SDKs |
//! | letters, digits, `-`, `.`, `_`, `~` and `/` stay in the path, and <code>!$&()*+,;=:@</code> are percent-encoded | SDKs |
//! | `%` in the path | Python decodes first, Go and Node encode it again: refused |
//! | `'` and characters that RFC 3986 forbids in a path | Node encodes them twice: refused |
//! | an empty segment, `.` or `..` in the path | the guide removes them, the SDKs keep them: refused |
//! | query items sorted by name, then by value, comparing the text before encoding | SDKs |
//! | an order that differs between UTF-8 and UTF-16 | Python and Go, against Node: refused |
//! | values of one name that are integers and would be in another order as numbers | Python sorts lists of numbers as numbers, Go and Node as text: refused |
//! | names and values percent-encoded except letters, digits, `-`, `.`, `_`, `~`; `=` also for an empty value | SDKs |
//! | `+`, an item without `=`, or broken encoding in the query | no SDK sends it: refused |
//! | header names in lower case, sorted | SDKs |
//! | blanks at either end of a header value | Python and Go drop them, Node signs them: refused |
//! | header values are signed as UTF-8; blanks inside stay | SDKs |
//! | a signed header that occurs more than once | the SDKs cannot have it or disagree: refused |
//! | `Authorization` is not signed | guide ("Adding the Signature to the Request Header") |
//! | a signed header with other characters in its name than letters, digits and `-` | see [`SignedHeaders::new`]: refused |
//! | `X-Sdk-Date` is there, is signed, and has the form `20230211T121212Z` | guide; the SDKs handle other forms differently: refused |
//! | `X-Sdk-Content-Sha256` takes the place of the hash | SDKs |
//! | a stated hash that is not the body's | the SDKs do not look: refused |
//! | `UNSIGNED-PAYLOAD` for an empty body | Python signs the hash of nothing, Go and Node do not: refused |
//!
//! This crate adds no header. The SDKs send `X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD` with every content type except
//! JSON (Python also excepts BSON); whoever wants the same sets that header first.
//!
//! # Temporary keys
//!
//! A temporary access key needs its token in the header `X-Security-Token`, before the request is signed.
//!
//! # Time
//!
//! There is no clock here: that `X-Sdk-Date` is close to the present is for the caller to check. The help
//! pages of the API gateway allow a difference of 15 minutes; for other services the figure is not documented.
//!
//! [the guide]: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html

mod date;
mod error;
mod headers;
mod path;
mod payload;
mod query;

use std::fmt;

use http::{HeaderMap, Method};

pub use error::{SignError, VerifyError};
pub use headers::SignedHeaders;
pub use payload::Payload;
pub use query::query;

pub(crate) use date::{DAY_LENGTH, is_day, sdk_date};

/// What stands in an explanation where a secret is in the text that is signed.
const MASK: &str = "***";

/// Whether secrets in the headers are written as they are, to be signed, or masked, to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    Kept,
    Masked,
}

/// A request that is to be signed or that has arrived, borrowed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as it stands in the request line, without the query.
    pub path: &'a str,
    /// The query as it stands in the request line, without the question mark; see [`query`] for how to write it.
    pub query: Option<&'a str>,
    /// The headers that are sent or that have arrived. Those that are not signed do no harm.
    pub headers: &'a HeaderMap,
    /// The body.
    pub payload: Payload<'a>,
}

impl<'a> Request<'a> {
    /// Takes a request of the [`http`] crate apart.
    ///
    /// ```
    /// use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
    ///
    /// let (parts, body) = http::Request::get("https://iam.example.com/v3/projects?name=cn-north-4")
    ///     .header("host", "iam.example.com")
    ///     .header("x-sdk-date", "20230211T121212Z")
    ///     .body(Vec::new())?
    ///     .into_parts();
    /// let request = Request::from_parts(&parts, Payload::Bytes(&body));
    /// let text = request.canonical(&SignedHeaders::usual(&parts.headers))?;
    /// assert!(text.starts_with("GET\n/v3/projects/\nname=cn-north-4\nhost:iam.example.com\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_parts(parts: &'a http::request::Parts, payload: Payload<'a>) -> Self {
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            headers: &parts.headers,
            payload,
        }
    }

    /// Returns the canonical request.
    ///
    /// The text holds the values of the signed headers as they are, a security token among them, so it does not belong
    /// in a log. [`VerifyError::Mismatch`] has a version for explanations.
    ///
    /// # Errors
    ///
    /// A [`SignError`] when the headers hold no time, or when it is not certain how the service would read the request.
    pub fn canonical(&self, signed: &SignedHeaders<'_>) -> Result<String, SignError> {
        self.build(signed, Secrets::Kept)
    }

    /// Builds the canonical request; with masked secrets it is good for explanations only.
    pub(crate) fn build(&self, signed: &SignedHeaders<'_>, secrets: Secrets) -> Result<String, SignError> {
        if self.method.as_str().bytes().any(|b| b.is_ascii_lowercase()) {
            return Err(SignError::LowercaseMethod(self.method.clone()));
        }
        sdk_date(self.headers)?;
        // More than is needed: a text that grows would leave copies of a security token behind.
        let values = self.headers.iter().map(|(name, value)| 2 * name.as_str().len() + value.len() + 8);
        let room = 256 + 3 * (self.path.len() + self.query.map_or(0, str::len)) + values.sum::<usize>();
        let mut out = String::with_capacity(room);
        out.push_str(self.method.as_str());
        out.push('\n');
        path::write(self.path, &mut out)?;
        out.push('\n');
        query::write(self.query.unwrap_or_default(), &mut out)?;
        out.push('\n');
        headers::write(signed, self.headers, secrets, &mut out)?;
        out.push('\n');
        signed.write(&mut out);
        out.push('\n');
        payload::write(self.payload, self.headers, &mut out)?;
        Ok(out)
    }
}

impl fmt::Debug for Request<'_> {
    /// Leaves the headers out, because they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}
