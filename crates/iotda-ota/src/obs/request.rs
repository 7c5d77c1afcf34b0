//! One request to OBS: what is asked for, and how it is dated and signed.
//!
//! Everything in a [`Request`] can be sent again; how that is done is in `attempt`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::obs::Resource;
use jiff::Timestamp;

use super::watch::{BLOCK, Watch};
use super::{Obs, address};
use crate::auth::{AccessKey, Credentials, Secret, wiped};
use crate::error::secrets::Secrets;
use crate::error::{Error, ErrorKind};
use crate::progress::Meter;

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
            let block = (!rest.is_empty()).then(|| rest.split_to(rest.len().min(BLOCK)));
            if let (Some(block), Some(meter)) = (&block, &meter) {
                sent.fetch_add(block.len() as u64, Ordering::Relaxed);
                meter.add(block.len() as u64);
            }
            std::future::ready(block.map(|block| (Ok(block), rest)))
        })
    }
}

impl Obs {
    /// The request of one attempt, dated and signed now, and the secrets in it.
    pub(super) fn prepare(
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
