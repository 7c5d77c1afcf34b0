//! Objects in OBS: upload, head, checksum; the native protocol of OBS.
//!
//! [`Obs`] is the handle: `client.obs()?`. Requests are signed with the access key (header signature of OBS). An
//! upload carries the SHA-256 of its bytes in `x-obs-content-sha256`, which OBS is documented to verify, so that
//! damaged bytes are refused by the store itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::DATE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::obs::Resource;
use jiff::Timestamp;
use url::Url;

use crate::auth::AccessKey;
use crate::auth::session::Session;
use crate::error::secrets::Secrets;
use crate::error::service;
use crate::error::{Error, ErrorKind};

pub(crate) mod address;
mod get;
mod put;
mod refusal;
mod watch;

pub use get::ObjectInfo;
pub use put::LocalFile;
use watch::Watch;

/// The objects that an access key can reach at one OBS address.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let object = client.obs()?.head("firmware", "sensors/2.0/upgrade.bin").await?;
/// println!("{} bytes", object.size);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Obs {
    http: reqwest::Client,
    endpoint: Url,
    session: Arc<Session>,
    idle_timeout: Duration,
}

/// An answer whose status says success; the body is not read yet.
struct Answer {
    response: reqwest::Response,
    request_id: Option<String>,
    watch: Watch,
}

/// A request before it is signed.
struct Draft<'a> {
    operation: &'static str,
    method: Method,
    bucket: &'a str,
    key: &'a str,
    headers: HeaderMap,
    body: Option<reqwest::Body>,
    watch: Watch,
}

impl Obs {
    pub(crate) fn new(http: reqwest::Client, endpoint: Url, session: Arc<Session>, idle_timeout: Duration) -> Self {
        Self { http, endpoint, session, idle_timeout }
    }

    /// The OBS base address.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    fn draft<'a>(&self, operation: &'static str, method: Method, bucket: &'a str, key: &'a str) -> Draft<'a> {
        let watch = Watch::new(self.idle_timeout);
        Draft { operation, method, bucket, key, headers: HeaderMap::new(), body: None, watch }
    }

    /// Signs and sends one request about an object.
    async fn send(&self, draft: Draft<'_>) -> Result<Answer, Error> {
        let Draft { operation, method, bucket, key, mut headers, body, watch } = draft;
        let url = address::object_url(&self.endpoint, bucket, key).map_err(|error| error.with_operation(operation))?;
        let access_key = self.session.obs_key().await.map_err(|error| error.with_operation(operation))?;
        sign(&access_key, &method, bucket, key, &mut headers).map_err(|error| error.with_operation(operation))?;
        let secrets = Secrets::of_key(&access_key).and_signature(headers.get(http::header::AUTHORIZATION));
        let mut request = reqwest::Request::new(method.clone(), url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        let started = Instant::now();
        let response = match watch.guard(self.http.execute(request)).await {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Err(self.no_answer(operation, error)),
            None => return Err(self.silent(operation, &watch)),
        };
        let request_id = service::request_id(response.headers()).map(|id| secrets.hide(&id));
        let status = response.status();
        let elapsed = started.elapsed().as_millis() as u64;
        tracing::debug!(operation, %method, status = status.as_u16(), request_id, elapsed, "answered");
        if status.is_success() {
            return Ok(Answer { response, request_id, watch });
        }
        Err(refusal::read(operation, bucket, key, response, &secrets).await)
    }

    fn no_answer(&self, operation: &'static str, error: reqwest::Error) -> Error {
        let endpoint = &self.endpoint;
        let message = if error.is_connect() {
            format!("no connection to {endpoint}")
        } else {
            format!("the connection to {endpoint} broke")
        };
        self.unavailable(operation, message).with_source(error.without_url())
    }

    fn silent(&self, operation: &'static str, watch: &Watch) -> Error {
        let (endpoint, seconds) = (&self.endpoint, watch.idle().as_secs_f64());
        self.unavailable(operation, format!("{endpoint} neither took nor sent anything for {seconds} s"))
    }

    fn unavailable(&self, operation: &'static str, message: String) -> Error {
        let endpoint = &self.endpoint;
        Error::new(ErrorKind::Unavailable, message)
            .with_operation(operation)
            .with_hint(format!("check that {endpoint} is the OBS address, and that it can be reached from here"))
    }
}

/// Adds date, security token and signature.
fn sign(
    access_key: &AccessKey,
    method: &Method,
    bucket: &str,
    key: &str,
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(DATE, header(&date)?);
    if let Some(token) = access_key.token() {
        let mut value = header(token)?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static("x-obs-security-token"), value);
    }
    let pair = huaweicloud_signing::AccessKey { id: access_key.id(), secret: access_key.secret() };
    let resource = Resource { bucket: Some(bucket), key: Some(key), query: &[] };
    let value = huaweicloud_signing::obs::authorization(&pair, method, &resource, headers)
        .map_err(|error| Error::new(ErrorKind::Invalid, "the request cannot be signed").with_source(error))?;
    headers.insert(http::header::AUTHORIZATION, value);
    Ok(())
}

fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::new(ErrorKind::Invalid, "a value is no header value").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_key_is_signed_with_its_token_and_both_are_marked_as_secret() {
        let mut headers = HeaderMap::new();
        let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret").security_token("fake-security-token");
        sign(&key, &Method::PUT, "fw", "x.bin", &mut headers).unwrap();
        assert_eq!(headers["x-obs-security-token"], "fake-security-token");
        assert!(headers["x-obs-security-token"].is_sensitive() && headers["authorization"].is_sensitive());
        assert!(headers["date"].to_str().unwrap().ends_with(" GMT"));
        let shown = format!("{headers:?} {key:?}");
        assert!(!shown.contains("fake-secret") && !shown.contains("fake-security-token"), "{shown}");
    }
}
