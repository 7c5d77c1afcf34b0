//! What an answer says about a failure, whatever shape it has.
//!
//! The official SDKs accept four shapes of JSON: `error_code` with `error_msg`, `errorCode` with `errorMsg`, `code`
//! with `message`, and any of these inside a nested object (huaweicloudsdkcore 3.1.219, exception handler). OBS
//! answers XML. Gateways answer HTML, half a body or nothing. [`ServiceError::read`] takes them all.

use std::fmt;

use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::secrets::Secrets;
use crate::clock;

/// How much of an answer that is no error object is kept as its message.
const LONGEST_TEXT: usize = 200;

/// How much of a message is kept; the longest known ones have some hundred characters.
const LONGEST_MESSAGE: usize = 4096;

/// How deep nested objects are searched.
const DEEPEST: usize = 8;

/// The names that carry code and message, in the order in which they are looked for.
const PAIRS: [(&str, &str); 3] = [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")];

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

/// Whether a body is a JSON error object, which may come even with status 200. Zero means that all is well.
///
/// Every successful answer is looked at, so nothing is kept of what else it holds.
pub(crate) fn has_error_code(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(field_identifier)]
    enum Field {
        #[serde(rename = "error_code")]
        Code,
        #[serde(other)]
        Other,
    }

    struct Code(bool);

    impl<'de> Deserialize<'de> for Code {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Fields)
        }
    }

    struct Fields;

    impl<'de> Visitor<'de> for Fields {
        type Value = Code;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Code, A::Error> {
            let mut is_there = false;
            while let Some(field) = fields.next_key()? {
                match field {
                    // Any of several is one too many.
                    Field::Code => is_there |= text_of(&fields.next_value()?).is_some_and(|code| code != "0"),
                    Field::Other => drop(fields.next_value::<IgnoredAny>()?),
                }
            }
            Ok(Code(is_there))
        }
    }

    serde_json::from_slice(body).is_ok_and(|Code(is_there)| is_there)
}

fn code_and_message(text: &str) -> (Option<String>, Option<String>) {
    if let Ok(value) = serde_json::from_str(text)
        && let Some(found) = in_json(&value, 0)
    {
        return found;
    }
    if let Some(error) = in_xml(text) {
        return (error.code.as_deref().map(on_one_line), error.message.as_deref().map(on_one_line));
    }
    (None, beginning(text))
}

fn in_json(value: &Value, depth: usize) -> Option<(Option<String>, Option<String>)> {
    let object = value.as_object().filter(|_| depth < DEEPEST)?;
    pair(object).or_else(|| object.values().find_map(|value| in_json(value, depth + 1)))
}

fn pair(object: &Map<String, Value>) -> Option<(Option<String>, Option<String>)> {
    PAIRS.iter().find_map(|(code, message)| {
        let code = object.get(*code).and_then(text_of);
        let message = object.get(*message).and_then(text_of);
        (code.is_some() || message.is_some()).then_some((code, message))
    })
}

/// A text, or a number as one: some gateways send codes without quotes.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(on_one_line(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text without the control characters that would spoil a log or a terminal, and not longer than a message is.
fn on_one_line(text: &str) -> String {
    text.chars().take(LONGEST_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The error object of OBS.
#[derive(Deserialize)]
struct XmlError {
    #[serde(rename = "Code")]
    code: Option<String>,
    #[serde(rename = "Message")]
    message: Option<String>,
}

fn in_xml(text: &str) -> Option<XmlError> {
    // Without this an HTML page would be searched for fields, too.
    if !text.contains("<Error>") {
        return None;
    }
    quick_xml::de::from_str(text).ok().filter(|error: &XmlError| error.code.is_some() || error.message.is_some())
}

/// The beginning of an answer on one line, without the tags, styles and scripts of a page.
fn beginning(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<').filter(|_| plain.len() < 4 * LONGEST_TEXT) {
        plain.push_str(before);
        plain.push(' ');
        let lower: String = tag.chars().take(6).collect::<String>().to_ascii_lowercase();
        let end = match lower.as_str() {
            name if name.starts_with("style") => "</style>",
            "script" => "</script>",
            _ => ">",
        };
        rest = tag.split_once(end).map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain = plain.chars().take(4 * LONGEST_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let shortened: String = words.chars().take(LONGEST_TEXT).collect();
    (!shortened.is_empty()).then_some(shortened)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let error = ServiceError::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes());
        (error.error_code, error.error_msg)
    }

    fn found(code: &str, message: &str) -> (Option<String>, Option<String>) {
        (Some(code.to_owned()), Some(message.to_owned()))
    }

    #[test]
    fn reads_the_four_shapes_of_json() {
        for body in [
            r#"{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}"#,
            r#"{"errorCode":"IOTDA.000006","errorMsg":"Invalid input data."}"#,
            r#"{"code":"IOTDA.000006","message":"Invalid input data."}"#,
            r#"{"error":{"code":"IOTDA.000006","message":"Invalid input data."}}"#,
        ] {
            assert_eq!(read(body), found("IOTDA.000006", "Invalid input data."), "{body}");
        }
    }

    #[test]
    fn a_code_is_found_in_an_answer_that_is_a_success_otherwise() {
        for body in [
            r#"{"package_id":"1","error_code":"IOTDA.000006"}"#,
            r#"{"error\u005fcode":"IOTDA.000006","packages":[{"a":[{}]}]}"#,
            r#"{"error_code":7}"#,
            r#"{"error_code":"IOTDA.000006","error_code":"0"}"#,
        ] {
            assert!(has_error_code(body.as_bytes()), "{body}");
        }
        for body in [
            r#"{"package_id":"1"}"#,
            r#"{"error_code":"0"}"#,
            r#"{"error_code":0}"#,
            r#"{"error_code":""}"#,
            r#"{"error_code":null}"#,
            r#"{"packages":[{"error_code":"IOTDA.000006"}]}"#,
            r#"[{"error_code":"IOTDA.000006"}]"#,
            r#"{"error_code":"IOTDA.0000"#,
            "",
        ] {
            assert!(!has_error_code(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn reads_an_error_of_obs() {
        let body = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>no such key</Message>\
                    <RequestId>1</RequestId></Error>";
        assert_eq!(read(body), found("NoSuchKey", "no such key"));
    }

    #[test]
    fn keeps_the_words_of_a_page() {
        let body = "<html><head><title>502</title><style>\nbody {width: 35em}</style><script>x < 1</script></head>\n\
                    <body><h1>Bad Gateway</h1></body></html>";
        assert_eq!(read(body), (None, Some("502 Bad Gateway".to_owned())));
    }

    #[test]
    fn survives_half_a_json_nothing_and_bytes_that_are_no_text() {
        assert_eq!(read(r#"{"error_code":"IOTDA.0"#), (None, Some(r#"{"error_code":"IOTDA.0"#.to_owned())));
        assert_eq!(read(""), (None, None));
        let error = ServiceError::read(StatusCode::BAD_GATEWAY, &HeaderMap::new(), &[0xff, 0xfe, 0x00]);
        assert_eq!(error.status, Some(502));
    }

    #[test]
    fn keeps_a_message_on_one_line_and_within_bounds() {
        let message = "a\\u001b[31m\\nb".to_owned() + &"x".repeat(10_000);
        let found = read(&format!(r#"{{"error_msg":"{message}"}}"#)).1.unwrap();
        assert!(found.starts_with("a [31m b") && found.len() == LONGEST_MESSAGE, "{found}");
    }

    #[test]
    fn searches_nested_objects_only_so_deep() {
        let nested = "{\"a\":".repeat(100) + "{\"code\":\"deep\"}" + &"}".repeat(100);
        assert_eq!(read(&nested).0, None);
    }

    #[test]
    fn keeps_the_request_id_of_any_service() {
        for name in REQUEST_ID_HEADERS {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static("id-1"));
            assert_eq!(request_id(&headers).as_deref(), Some("id-1"), "{name}");
        }
    }

    fn bounded(text: Option<&str>) -> bool {
        text.is_none_or(|text| text.chars().count() <= LONGEST_MESSAGE && !text.chars().any(char::is_control))
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_panic_on_one_line_and_within_bounds(
            status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..400), id in "[ -~]{0,40}",
            shape in prop::option::of("(<Error><Code>|<html><script>|\\{\"error_code\":|\\{\"error\":\\{\"code\":)"),
        ) {
            let body = [shape.unwrap_or_default().into_bytes(), body].concat();
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", http::HeaderValue::from_str(&id).unwrap());
            let read = ServiceError::read(StatusCode::from_u16(status).unwrap(), &headers, &body);
            prop_assert_eq!(read.status, Some(status));
            prop_assert_eq!(read.request_id.as_deref(), Some(id.as_str()));
            prop_assert!(bounded(read.error_code.as_deref()) && bounded(read.error_msg.as_deref()));
            let _ = has_error_code(&body);
        }

        #[test]
        fn any_message_is_read_as_it_was_written(code in "[A-Z]{1,5}\\.[0-9]{1,6}", message in "[^\\p{C}]{1,80}") {
            let body = serde_json::json!({ "error_code": code, "error_msg": message }).to_string();
            prop_assert_eq!(read(&body), found(&code, &message));
        }

        #[test]
        fn any_message_of_obs_is_read_as_it_was_written(code in "[A-Za-z]{1,20}", message in "[!-~é升]([ -~é升]{0,40}[!-~é升])?") {
            let written = quick_xml::escape::escape(message.as_str());
            let body = format!("<Error><Code>{code}</Code><Message>{written}</Message><HostId>x</HostId></Error>");
            prop_assert_eq!(read(&body), found(&code, &message));
        }
    }
}
