//! A result together with what the answer's headers said.

use std::fmt;
use std::ops::Deref;

use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;

use crate::clock;
use crate::error::secrets::Secrets;
use crate::error::service;

/// A value that the service answered, with the answer's status and request id.
///
/// It dereferences to the value:
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let package = client.packages().show("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await?;
/// println!("{} (request {:?})", package.version, package.request_id());
/// let package = package.into_inner();
/// # let _ = package; Ok(()) }
/// ```
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: u16,
    headers: HeaderMap,
    request_id: Option<String>,
    clock_difference: Option<SignedDuration>,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, status: StatusCode, headers: HeaderMap, secrets: &Secrets) -> Self {
        let request_id = service::request_id(&headers).map(|id| secrets.hide(&id));
        let clock_difference = clock::difference(&headers);
        Self { value, status: status.as_u16(), headers, request_id, clock_difference }
    }

    /// The HTTP status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How far this machine's clock is ahead of the service's, as the answer's date tells; negative if it is behind.
    pub fn clock_difference(&self) -> Option<SignedDuration> {
        self.clock_difference
    }

    /// The request id of the answer; quote it to the service's support.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers of an answer may hold cookies or tokens, so they are only there for who asks.
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
