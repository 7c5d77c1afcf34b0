//! A result together with what the answer's headers said.

use std::fmt;
use std::ops::Deref;

use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;

use crate::clock;
use crate::error::secrets::Secrets;
use crate::error::{Error, service};
use crate::validate::Warning;

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
    attempts: u32,
    found: bool,
    warnings: Vec<Warning>,
}

impl<T> Response<T> {
    pub(crate) fn new(value: T, status: StatusCode, headers: HeaderMap, secrets: &Secrets) -> Self {
        let request_id = service::request_id(&headers).map(|id| secrets.hide(&id));
        let clock_difference = clock::difference(&headers);
        let status = status.as_u16();
        Self { value, status, headers, request_id, clock_difference, attempts: 1, found: false, warnings: Vec::new() }
    }

    /// The answer of an error that turned out to be a success.
    pub(crate) fn of_error(value: T, error: &Error) -> Self {
        Self {
            value,
            status: error.status().unwrap_or_default(),
            headers: error.headers().clone(),
            request_id: error.request_id().map(str::to_owned),
            clock_difference: error.clock_difference(),
            attempts: error.attempts(),
            found: false,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub(crate) fn with_found(mut self) -> Self {
        self.found = true;
        self
    }

    pub(crate) fn with_warning(mut self, warning: Warning) -> Self {
        self.warnings.push(warning);
        self
    }

    /// How many attempts the call took.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// True if a create was not answered clearly and what it made was found by looking it up; status, headers and request
    /// id are then those of the look-up.
    pub fn is_found(&self) -> bool {
        self.found
    }

    /// What could not be made sure of, although the call succeeded; usually nothing.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
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
            .field("attempts", &self.attempts)
            .field("found", &self.found)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
