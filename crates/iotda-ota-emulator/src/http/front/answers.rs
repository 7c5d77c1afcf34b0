//! Answers that are given in the service's place, by a fault or at the door: errors in the forms that clients have to read.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use quick_xml::escape::escape;
use serde_json::{Value, json};

use super::super::{Shared, set};
use crate::faults::ErrorShape;
use crate::operation::{Call, Service};
use crate::rejection::{Code, Rejection};

/// The throttling codes of the API gateway, of IoTDA itself, and of OBS.
const GATEWAY_THROTTLED: &str = "APIGW.0308";
const IOTDA_THROTTLED: &str = "IOTDA.021101";
const OBS_THROTTLED: &str = "SlowDown";

/// An error status with a body of a chosen form.
pub(super) fn status(
    shared: &Shared,
    call: Call,
    status: u16,
    shape: Option<ErrorShape>,
    code: Option<&str>,
) -> Response {
    let code = code.unwrap_or(Code::Fault.as_str());
    error(shared, call, status, shape, code, "A fault of the emulator gives this answer")
}

/// An answer that the caller comes too often.
pub(super) fn throttled(shared: &Shared, call: Call, status: u16, retry_after: Option<&str>) -> Response {
    let code = match (call.service, status) {
        (Service::Obs, _) => OBS_THROTTLED,
        (_, 403) => IOTDA_THROTTLED,
        _ => GATEWAY_THROTTLED,
    };
    let message = "The throttling threshold has been reached: a fault of the emulator gives this answer";
    let mut response = error(shared, call, status, None, code, message);
    if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(value).ok()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

/// A refusal before anybody looks at the request, in the form of the service.
pub(super) fn refusal(shared: &Shared, call: Call, rejection: &Rejection) -> Response {
    error(shared, call, rejection.code.status().as_u16(), None, rejection.code.as_str(), &rejection.message)
}

fn error(shared: &Shared, call: Call, status: u16, shape: Option<ErrorShape>, code: &str, message: &str) -> Response {
    let id = shared.request_id();
    let shape = shape.unwrap_or(match call.service {
        Service::Iotda | Service::Metadata => ErrorShape::ErrorCode,
        Service::Iam => ErrorShape::Nested,
        Service::Obs => ErrorShape::Xml,
    });
    let json = |body: Value| ("application/json", body.to_string());
    let (media_type, body) = match shape {
        ErrorShape::ErrorCode => json(json!({"error_code": code, "error_msg": message})),
        ErrorShape::CamelCase => json(json!({"errorCode": code, "errorMsg": message})),
        ErrorShape::Code => json(json!({"code": code, "message": message})),
        ErrorShape::Nested => json(json!({"error": {"code": code, "message": message}})),
        ErrorShape::Xml => (
            "application/xml",
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Error><Code>{}</Code><Message>{}\
                 </Message><RequestId>{id}</RequestId><HostId>emulator</HostId></Error>",
                escape(code),
                escape(message),
            ),
        ),
        ErrorShape::Html => (
            "text/html",
            format!(
                "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{}</p></body></html>\n",
                escape(message)
            ),
        ),
        ErrorShape::Empty => ("", String::new()),
    };
    // A fault has a status that exists.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    if !media_type.is_empty() {
        set(&mut response, "content-type", media_type);
    }
    let names: &[&'static str] = match call.service {
        // The second is for requests with AWS-style names.
        Service::Obs => &["x-obs-request-id", "x-amz-request-id"],
        Service::Iam => &["x-request-id", "x-iam-trace-id"],
        Service::Iotda | Service::Metadata => &["x-request-id"],
    };
    for name in names {
        set(&mut response, name, &id);
    }
    response
}
