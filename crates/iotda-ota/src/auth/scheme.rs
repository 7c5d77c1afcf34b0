//! Request signing: which scheme an address needs, and putting it onto a request.

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue};
use huaweicloud_signing::canonical::{self, Payload, Request, SignedHeaders};
use huaweicloud_signing::{sdk_hmac, v11};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use url::Url;

use super::{AccessKey, wiped};
use crate::endpoint;
use crate::error::{Error, ErrorKind};
use crate::validate::Violations;

/// The name that IoTDA has in derived signatures; it is not `iotda` (huaweicloudsdkiotda 3.1.219, client builder).
const SERVICE: &str = "iotdm";

/// How requests to IoTDA are signed with an access key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SigningScheme {
    /// Decided by the address: derived for dedicated ones (`….iotda-app.<region>.…`), plain for all others.
    #[default]
    Auto,
    /// SDK-HMAC-SHA256, which the shared regional addresses take.
    Plain,
    /// V11-HMAC-SHA256, which standard and enterprise instances take. Needs a region.
    Derived,
}

/// The scheme of a client, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Plain,
    Derived { region: String },
}

impl Scheme {
    /// Decides the scheme. A dedicated address names its region itself.
    pub(crate) fn decide(
        wanted: SigningScheme,
        endpoint: &Url,
        region: Option<&str>,
        violations: &mut Violations,
    ) -> Option<Self> {
        let derived = match wanted {
            SigningScheme::Auto => endpoint::is_dedicated(endpoint),
            SigningScheme::Plain => false,
            SigningScheme::Derived => true,
        };
        if !derived {
            return Some(Self::Plain);
        }
        let named = endpoint::is_dedicated(endpoint).then(|| endpoint::region_in(endpoint)).flatten();
        match named.or_else(|| region.map(str::to_owned)) {
            Some(region) => Some(Self::Derived { region }),
            None => {
                let help = "set the region of the instance, such as cn-north-4";
                violations.add("region", "given for derived request signing", "", help);
                None
            }
        }
    }

    /// What messages and `auth status` call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Plain => "SDK-HMAC-SHA256",
            Self::Derived { .. } => "V11-HMAC-SHA256",
        }
    }
}

/// Adds date, security token and signature to a request, now.
///
/// `project_id` goes along as `X-Project-Id`, as the official SDKs send it. Returns the SHA-256 of the body, which is
/// signed.
pub(crate) fn sign(
    scheme: &Scheme,
    key: &AccessKey,
    project_id: Option<&str>,
    request: &mut reqwest::Request,
) -> Result<[u8; 32], Error> {
    let date = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    put(request, "x-sdk-date", HeaderValue::from_str(&date).ok())?;
    if let Some(project_id) = project_id {
        put(request, "x-project-id", HeaderValue::from_str(project_id).ok())?;
    }
    if let Some(token) = key.token() {
        put(request, "x-security-token", wiped::header(token))?;
    }
    let host = host(request.url());
    put(request, HOST.as_str(), HeaderValue::from_str(&host).ok())?;
    canonical_query(request)?;

    let body = Sha256::digest(request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default()).into();
    let to_sign = Request {
        method: request.method(),
        path: request.url().path(),
        query: request.url().query(),
        headers: request.headers(),
        payload: Payload::Sha256(body),
    };
    let signed = SignedHeaders::usual(request.headers());
    let pair = huaweicloud_signing::AccessKey { id: key.id(), secret: key.secret() };
    let value = match scheme {
        Scheme::Plain => sdk_hmac::authorization(&pair, &to_sign, &signed),
        Scheme::Derived { region } => {
            let scope = v11::Scope { region, service: SERVICE };
            v11::authorization(&pair, &scope, &to_sign, &signed)
        }
    };
    let value = value.map_err(unsignable)?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(body)
}

/// Writes the query as it is signed: a form's `+` for a blank would be read differently by different servers.
fn canonical_query(request: &mut reqwest::Request) -> Result<(), Error> {
    let url = request.url_mut();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if !pairs.is_empty() {
        let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        url.set_query(Some(&canonical::query(pairs).map_err(unsignable)?));
    }
    Ok(())
}

/// The value of `Host` as the HTTP client would write it.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn put(request: &mut reqwest::Request, name: &'static str, value: Option<HeaderValue>) -> Result<(), Error> {
    let unfit = || Error::new(ErrorKind::Configuration, format!("{name} holds what no header can"));
    let value = value.ok_or_else(unfit)?;
    request.headers_mut().insert(HeaderName::from_static(name), value);
    Ok(())
}

fn unsignable(error: canonical::SignError) -> Error {
    Error::new(ErrorKind::Invalid, "the request cannot be signed in a way that every server reads alike")
        .with_source(error)
}
