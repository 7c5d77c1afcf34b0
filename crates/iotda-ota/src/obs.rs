//! Objects in OBS: upload, head, checksum; the native protocol of OBS.
//!
//! [`Obs`] is the handle: `client.obs()?`. Requests are signed with the access key (header signature of OBS). An
//! upload carries the SHA-256 of its bytes in `x-obs-content-sha256`, which OBS is documented to verify, so that
//! damaged bytes are refused by the store itself.

use bytes::Bytes;
use http::header::DATE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use huaweicloud_signing::obs::Resource;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::auth::AccessKey;
use crate::endpoint;
use crate::error::service::{self, ServiceError};
use crate::error::{Error, ErrorKind};

mod get;
mod put;

pub use get::ObjectInfo;
pub use put::LocalFile;

/// The characters of a key that stand for themselves in a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How much of an error's body is read.
const LONGEST_ERROR: usize = 64 * 1024;

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
    access_key: AccessKey,
}

/// An answer whose status says success; the body is not read yet.
struct Answer {
    response: reqwest::Response,
    request_id: Option<String>,
}

impl Obs {
    pub(crate) fn new(http: reqwest::Client, endpoint: Url, access_key: AccessKey) -> Self {
        Self { http, endpoint, access_key }
    }

    /// The OBS base address.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// Signs and sends one request about an object.
    async fn send(
        &self,
        operation: &'static str,
        method: Method,
        (bucket, key): (&str, &str),
        mut headers: HeaderMap,
        body: Option<reqwest::Body>,
    ) -> Result<Answer, Error> {
        let url = self.url(bucket, key).map_err(|error| error.with_operation(operation))?;
        self.sign(&method, bucket, key, &mut headers).map_err(|error| error.with_operation(operation))?;
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        let result = self.http.execute(request).await;
        let response = result.map_err(|error| self.no_answer(operation, error))?;
        let request_id = service::request_id(response.headers());
        let status = response.status();
        tracing::debug!(operation, status = status.as_u16(), request_id, "answered");
        if status.is_success() {
            return Ok(Answer { response, request_id });
        }
        Err(refused(operation, bucket, key, response).await)
    }

    /// The address of an object: the bucket in the path on this machine, else in front of the host.
    fn url(&self, bucket: &str, key: &str) -> Result<Url, Error> {
        let encoded: String = utf8_percent_encode(key, ENCODED).collect();
        let mut url = self.endpoint.clone();
        let base = self.endpoint.path().trim_end_matches('/').to_owned();
        let path = if endpoint::is_path_style(&self.endpoint) {
            format!("{base}/{bucket}/{encoded}")
        } else {
            let host = format!("{bucket}.{}", self.endpoint.host_str().unwrap_or_default());
            if url.set_host(Some(&host)).is_err() {
                let message = format!("no host name can be made of bucket {bucket:?}");
                return Err(Error::new(ErrorKind::Invalid, message));
            }
            format!("{base}/{encoded}")
        };
        url.set_path(&path);
        // Addresses have no `.` and `..` segments: what a URL makes of them is another object.
        if url.path() != path {
            let error = Error::new(ErrorKind::Invalid, format!("object key {key:?} cannot be put into an address"));
            return Err(error.with_hint("use a key without the segments . and .."));
        }
        Ok(url)
    }

    /// Adds date, security token and signature.
    fn sign(&self, method: &Method, bucket: &str, key: &str, headers: &mut HeaderMap) -> Result<(), Error> {
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert(DATE, header(&date)?);
        if let Some(token) = self.access_key.token() {
            let mut value = header(token)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static("x-obs-security-token"), value);
        }
        let access_key = huaweicloud_signing::AccessKey { id: self.access_key.id(), secret: self.access_key.secret() };
        let resource = Resource { bucket: Some(bucket), key: Some(key), query: &[] };
        let value = huaweicloud_signing::obs::authorization(&access_key, method, &resource, headers)
            .map_err(|error| Error::new(ErrorKind::Invalid, "the request cannot be signed").with_source(error))?;
        headers.insert(http::header::AUTHORIZATION, value);
        Ok(())
    }

    fn no_answer(&self, operation: &'static str, error: reqwest::Error) -> Error {
        let endpoint = &self.endpoint;
        let message = if error.is_connect() {
            format!("no connection to {endpoint}")
        } else if error.is_timeout() {
            format!("no answer from {endpoint} within the time limit")
        } else {
            format!("the connection to {endpoint} broke before the answer")
        };
        Error::new(ErrorKind::Unavailable, message)
            .with_operation(operation)
            .with_hint(format!("check that {endpoint} is the OBS address, and that it can be reached from here"))
            .with_source(error.without_url())
    }
}

/// The error for a refusal, with as much of its body as a message needs.
async fn refused(operation: &'static str, bucket: &str, key: &str, mut response: reqwest::Response) -> Error {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = LONGEST_ERROR - body.len();
        let chunk: Bytes = chunk.slice(..chunk.len().min(room));
        body.extend_from_slice(&chunk);
        if body.len() == LONGEST_ERROR {
            break;
        }
    }
    let service = ServiceError::read(response.status(), response.headers(), &body);
    let bucket_is_missing = service.error_code.as_deref() == Some("NoSuchBucket");
    let (kind, message, hint) = match response.status() {
        StatusCode::NOT_FOUND if bucket_is_missing => (
            ErrorKind::NotFound,
            format!("there is no bucket {bucket}"),
            Some("check the bucket's name, and that the OBS address is the one of its region"),
        ),
        StatusCode::NOT_FOUND => (ErrorKind::NotFound, format!("there is no object {key} in bucket {bucket}"), None),
        StatusCode::UNAUTHORIZED => (ErrorKind::Unauthenticated, "not authenticated".to_owned(), Some(CHECK_KEY)),
        StatusCode::FORBIDDEN => (ErrorKind::Denied, format!("not permitted in bucket {bucket}"), Some(CHECK_KEY)),
        status if status.is_redirection() => (
            ErrorKind::Rejected,
            format!("bucket {bucket} is in another region"),
            Some("give the OBS address of the bucket's region"),
        ),
        StatusCode::TOO_MANY_REQUESTS => {
            (ErrorKind::Unavailable, "too many requests".to_owned(), Some("wait a little and try again"))
        }
        status if status.is_server_error() => {
            (ErrorKind::Unavailable, "OBS failed".to_owned(), Some("wait a little and try again"))
        }
        _ => (ErrorKind::Rejected, "refused by OBS".to_owned(), None),
    };
    let error = Error::new(kind, message).with_operation(operation).with_service(service);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

const CHECK_KEY: &str = "check the access key, its permissions for the bucket, and that this machine's clock is right: \
     OBS refuses requests that are more than 15 minutes off";

fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::new(ErrorKind::Invalid, "a value is no header value").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obs(endpoint: &str) -> Obs {
        let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret").security_token("fake-security-token");
        Obs::new(crate::transport::client(&Default::default()).unwrap(), endpoint.parse().unwrap(), key)
    }

    #[test]
    fn the_bucket_stands_before_the_host_or_in_the_path() {
        for (endpoint, expected) in [
            ("https://obs.cn-north-4.myhuaweicloud.com", "https://fw.obs.cn-north-4.myhuaweicloud.com/a/b.bin"),
            ("https://obs.example:8443/", "https://fw.obs.example:8443/a/b.bin"),
            ("http://127.0.0.1:8791", "http://127.0.0.1:8791/fw/a/b.bin"),
            ("http://localhost:8791/base/", "http://localhost:8791/base/fw/a/b.bin"),
        ] {
            assert_eq!(obs(endpoint).url("fw", "a/b.bin").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_key_of_any_characters_is_encoded_and_one_with_dot_segments_refused() {
        let obs = obs("http://127.0.0.1:8791");
        let url = obs.url("fw", "固件 1/a+b%2F?#&=.bin").unwrap();
        assert_eq!(url.path(), "/fw/%E5%9B%BA%E4%BB%B6%201/a%2Bb%252F%3F%23%26%3D.bin");
        assert_eq!(url.query(), None);
        for key in ["../other/x.bin", "a/../x.bin", "a/./x.bin", ".."] {
            assert!(obs.url("fw", key).unwrap_err().is_invalid(), "{key}");
        }
        assert!(obs.url("..", "x.bin").is_err());
    }

    #[test]
    fn a_temporary_key_is_signed_with_its_token_and_both_are_marked_as_secret() {
        let mut headers = HeaderMap::new();
        obs("http://127.0.0.1:8791").sign(&Method::PUT, "fw", "x.bin", &mut headers).unwrap();
        assert_eq!(headers["x-obs-security-token"], "fake-security-token");
        assert!(headers["x-obs-security-token"].is_sensitive() && headers["authorization"].is_sensitive());
        assert!(headers["date"].to_str().unwrap().ends_with(" GMT"));
        let shown = format!("{headers:?} {:?}", obs("http://127.0.0.1:8791"));
        assert!(!shown.contains("fake-secret") && !shown.contains("fake-security-token"), "{shown}");
    }
}
