//! What an answer says about a failure, whatever shape (`shapes`) it has. [`ServiceError::read`] takes them all.

use std::fmt;

use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;

use super::secrets::Secrets;
use crate::clock;

mod shapes;
#[cfg(test)]
mod tests;

pub(crate) use shapes::has_error_code;

use shapes::{code_and_message, on_one_line};

/// The headers that may hold the request id: IoTDA and gateways, OBS, IAM.
const REQUEST_ID_HEADERS: [&str; 3] = ["x-request-id", "x-obs-request-id", "x-iam-trace-id"];

/// Codes that mean throttling although some of them come with 403.
///
/// Sources: the IoTDA pages of the device-side HTTP API, gateway codes that users report, and the error codes of OBS.
const THROTTLED: [&str; 5] = ["IOTDA.021101", "IOTDA.021102", "APIGW.0308", "APIG.0308", "SlowDown"];

/// Status, headers, code, message and request id of an answer.
#[derive(Clone, Default)]
pub(crate) struct ServiceError {
    pub(crate) status: Option<u16>,
    pub(crate) headers: HeaderMap,
    pub(crate) error_code: Option<String>,
    pub(crate) error_msg: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) clock_difference: Option<SignedDuration>,
}

impl ServiceError {
    /// Reads what there is.
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        Self::read_without(&Secrets::default(), status, headers, body)
    }

    /// Reads what there is, and leaves out secrets that the service may have repeated.
    pub(crate) fn read_without(secrets: &Secrets, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        // Before anything is cut, so that no part of a secret stays; and after, because JSON may write one otherwise.
        let text = secrets.hide(&String::from_utf8_lossy(body));
        let (error_code, error_msg) = code_and_message(&text);
        let hide = |text: Option<String>| text.map(|text| secrets.hide(&text));
        let (error_code, error_msg) = (hide(error_code), hide(error_msg));
        let (status, headers) = (Some(status.as_u16()), headers.clone());
        let (request_id, clock_difference) = (hide(request_id(&headers)), clock::difference(&headers));
        Self { status, headers, error_code, error_msg, request_id, clock_difference }
    }

    /// Whether the caller comes too often, by the status or by the code: nothing was done then, whoever says it.
    pub(crate) fn is_throttled(&self) -> bool {
        self.status == Some(StatusCode::TOO_MANY_REQUESTS.as_u16())
            || self.error_code.as_deref().is_some_and(|code| THROTTLED.contains(&code))
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers of an answer may hold cookies or tokens, so they are only there for who asks.
        f.debug_struct("ServiceError")
            .field("status", &self.status)
            .field("error_code", &self.error_code)
            .field("error_msg", &self.error_msg)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// The request id of an answer, if it has one.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(*name))?;
    Some(on_one_line(&String::from_utf8_lossy(value.as_bytes())))
}
