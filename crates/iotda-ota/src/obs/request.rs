//! One request to OBS: made, signed, sent, and repeated when that is safe.
//!
//! [`Request`] is what is asked for; everything in it can be sent again. [`Obs::call`] makes as many attempts as the
//! policy allows and reads the answer to its end, [`Obs::open`] makes one and leaves the body to the caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use huaweicloud_signing::obs::Resource;
use jiff::Timestamp;

use super::watch::Watch;
use super::{Obs, address, refusal};
use crate::auth::{AccessKey, Credentials, Secret, wiped};
use crate::error::secrets::Secrets;
use crate::error::service;
use crate::error::{Error, ErrorKind};
use crate::progress::Meter;
use crate::retry;

/// How much is handed to the connection at a time. Each block has to leave within the limit on silence.
const SENT_BLOCK: usize = 256 * 1024;

/// The longest answer that is read; a page of a thousand parts stays well below.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// What is asked for.
pub(super) struct Request<'a> {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    pub(super) bucket: &'a str,
    /// Empty for a request about the bucket itself.
    pub(super) key: &'a str,
    pub(super) query: Vec<(&'static str, Option<String>)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Payload>,
}

/// The bytes of a request, and who is told how many of them have left.
pub(super) struct Payload {
    pub(super) bytes: Bytes,
    pub(super) meter: Option<Arc<Meter>>,
}

/// An answer whose status says success; the body is not read yet.
pub(super) struct Answer {
    pub(super) response: reqwest::Response,
    pub(super) request_id: Option<String>,
    pub(super) watch: Watch,
}

/// An answer whose status says success, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) request_id: Option<String>,
}

impl<'a> Request<'a> {
    pub(super) fn new(operation: &'static str, method: Method, bucket: &'a str, key: &'a str) -> Self {
        Self { operation, method, bucket, key, query: Vec::new(), headers: HeaderMap::new(), body: None }
    }

    /// Adds an item to the query.
    pub(super) fn query(mut self, name: &'static str, value: impl Into<Option<String>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends these bytes along.
    pub(super) fn body(mut self, bytes: Bytes, meter: Option<Arc<Meter>>) -> Self {
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
        self.body = Some(Payload { bytes, meter });
        self
    }
}

impl Payload {
    /// The bytes block by block; `sent` counts those that were taken.
    fn stream(&self, watch: Watch, sent: Arc<AtomicU64>) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
        let meter = self.meter.clone();
        stream::unfold(self.bytes.clone(), move |mut rest| {
            // That the connection asks for more means that what it had has left.
            watch.touch();
            let block = (!rest.is_empty()).then(|| rest.split_to(rest.len().min(SENT_BLOCK)));
            if let (Some(block), Some(meter)) = (&block, &meter) {
                sent.fetch_add(block.len() as u64, Ordering::Relaxed);
                meter.add(block.len() as u64);
            }
            std::future::ready(block.map(|block| (Ok(block), rest)))
        })
    }
}

impl Obs {
    /// Sends a request, and repeats it as the policy says.
    pub(super) async fn call(&self, request: &Request<'_>) -> Result<Reply, Error> {
        retry::run(&self.retry, || async {
            let Answer { mut response, request_id, watch } = self.open(request).await?;
            let mut body = BytesMut::new();
            loop {
                match watch.guard(response.chunk()).await {
                    Some(Ok(None)) => break,
                    Some(Ok(Some(chunk))) if body.len() + chunk.len() > LONGEST_ANSWER => {
                        let message = format!("the answer is longer than {LONGEST_ANSWER} bytes");
                        return Err(Error::new(ErrorKind::Unintelligible, message).with_operation(request.operation));
                    }
                    Some(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                    Some(Err(error)) => return Err(self.no_answer(request.operation, error)),
                    None => return Err(self.silent(request.operation, &watch)),
                }
            }
            let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
            Ok(Reply { status, headers, body: body.freeze(), request_id })
        })
        .await
    }

    /// Sends a request once. Credentials that were refused and can be fetched anew get another attempt with fresh ones:
    /// they may have ended while an upload was under way, whether or not their source said when, and what was refused
    /// did nothing.
    pub(super) async fn open(&self, request: &Request<'_>) -> Result<Answer, Error> {
        let named = |error: Error| error.with_operation(request.operation);
        let credentials = self.session.obs_credentials().await.map_err(named)?;
        let refused = match self.attempt(request, &credentials).await {
            Err(error) if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Denied) => error,
            result => return result,
        };
        match self.session.renew_obs(&credentials).await {
            Ok(Some(fresh)) => self.attempt(request, &fresh).await,
            // That new ones could not be had is less telling than why the old ones were refused.
            Ok(None) | Err(_) => Err(refused),
        }
    }

    async fn attempt(&self, request: &Request<'_>, credentials: &Credentials) -> Result<Answer, Error> {
        let operation = request.operation;
        let watch = Watch::new(self.idle_timeout);
        let sent = Arc::new(AtomicU64::new(0));
        let (built, secrets) =
            self.prepare(request, credentials, &watch, &sent).map_err(|error| error.with_operation(operation))?;
        let started = Instant::now();
        let result = match watch.guard(self.http.execute(built)).await {
            Some(Ok(response)) => {
                let request_id = service::request_id(response.headers()).map(|id| secrets.hide(&id));
                let (method, status) = (&request.method, response.status());
                let elapsed = started.elapsed().as_millis() as u64;
                tracing::debug!(operation, %method, status = status.as_u16(), request_id, elapsed, "answered");
                if status.is_success() {
                    Ok(Answer { response, request_id, watch })
                } else {
                    Err(refusal::read(operation, request.bucket, request.key, response, &secrets).await)
                }
            }
            Some(Err(error)) => Err(self.no_answer(operation, error)),
            None => Err(self.silent(operation, &watch)),
        };
        // What was sent in vain has to be sent again.
        if let (Err(_), Some(meter)) = (&result, request.body.as_ref().and_then(|body| body.meter.as_ref())) {
            meter.take_back(sent.load(Ordering::Relaxed));
        }
        result
    }

    /// The request of one attempt, dated and signed now, and the secrets in it.
    fn prepare(
        &self,
        request: &Request<'_>,
        credentials: &Credentials,
        watch: &Watch,
        sent: &Arc<AtomicU64>,
    ) -> Result<(reqwest::Request, Secrets), Error> {
        let Secret::AccessKey(access_key) = credentials.secret() else {
            return Err(Error::new(ErrorKind::Unauthenticated, "OBS needs an access key, not a token"));
        };
        let url = address::url(&self.endpoint, request.bucket, request.key, &request.query)?;
        let mut headers = request.headers.clone();
        sign(access_key, request, &mut headers)?;
        let secrets = Secrets::of_key(access_key).and_signature(headers.get(AUTHORIZATION));
        let mut built = reqwest::Request::new(request.method.clone(), url);
        *built.headers_mut() = headers;
        *built.body_mut() = request
            .body
            .as_ref()
            .map(|payload| reqwest::Body::wrap_stream(payload.stream(watch.clone(), Arc::clone(sent))));
        Ok((built, secrets))
    }

    pub(super) fn no_answer(&self, operation: &'static str, error: reqwest::Error) -> Error {
        let endpoint = &self.endpoint;
        let message = if error.is_connect() {
            format!("no connection to {endpoint}")
        } else {
            format!("the connection to {endpoint} broke")
        };
        self.unavailable(operation, message).with_source(error.without_url())
    }

    pub(super) fn silent(&self, operation: &'static str, watch: &Watch) -> Error {
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
fn sign(access_key: &AccessKey, request: &Request<'_>, headers: &mut HeaderMap) -> Result<(), Error> {
    let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    headers.insert(DATE, header(&date)?);
    if let Some(token) = access_key.token() {
        let unfit = || Error::new(ErrorKind::Configuration, "the security token is no header value");
        let value = wiped::header(token).ok_or_else(unfit)?;
        headers.insert(HeaderName::from_static("x-obs-security-token"), value);
    }
    let pair = huaweicloud_signing::AccessKey { id: access_key.id(), secret: access_key.secret() };
    let query: Vec<_> = request.query.iter().map(|(name, value)| (*name, value.as_deref())).collect();
    let key = Some(request.key).filter(|key| !key.is_empty());
    let resource = Resource { bucket: Some(request.bucket), key, query: &query };
    let value = huaweicloud_signing::obs::authorization(&pair, &request.method, &resource, headers)
        .map_err(|error| Error::new(ErrorKind::Invalid, "the request cannot be signed").with_source(error))?;
    headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// A text as the value of a header.
pub(super) fn header(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::new(ErrorKind::Invalid, "a value is no header value").with_source(error))
}

/// A header's text.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_key_is_signed_with_its_token_and_both_are_marked_as_secret() {
        let mut headers = HeaderMap::new();
        let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret").security_token("fake-security-token");
        sign(&key, &Request::new("obs_put_object", Method::PUT, "fw", "x.bin"), &mut headers).unwrap();
        assert_eq!(headers["x-obs-security-token"], "fake-security-token");
        assert!(headers["x-obs-security-token"].is_sensitive() && headers["authorization"].is_sensitive());
        assert!(headers["date"].to_str().unwrap().ends_with(" GMT"));
        let shown = format!("{headers:?} {key:?}");
        assert!(!shown.contains("fake-secret") && !shown.contains("fake-security-token"), "{shown}");
    }
}
