//! The shapes in which code and message come.
//!
//! The official SDKs accept four shapes of JSON: `error_code` with `error_msg`, `errorCode` with `errorMsg`, `code`
//! with `message`, and any of these inside a nested object (huaweicloudsdkcore 3.1.219, exception handler). OBS
//! answers XML. Gateways answer HTML, half a body or nothing.

use std::fmt;

use memchr::{memchr, memmem};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// How much of an answer that is no error object is kept as its message.
const LONGEST_TEXT: usize = 200;

/// How much of a message is kept; the longest known ones have some hundred characters.
pub(super) const LONGEST_MESSAGE: usize = 4096;

/// How deep nested objects are searched.
const DEEPEST: usize = 8;

/// The names that carry code and message, in the order in which they are looked for.
const PAIRS: [(&str, &str); 3] = [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")];

/// Whether a body is a JSON error object, which may come even with status 200. Zero means that all is well.
///
/// Every successful answer is looked at, so one that cannot hold the name is not parsed, and nothing is kept of what else
/// it holds.
pub(crate) fn has_error_code(body: &[u8]) -> bool {
    // A name is written as it is, or with escapes.
    if memmem::find(body, b"error_code").is_none() && memchr(b'\\', body).is_none() {
        return false;
    }

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

/// What an answer has for a code and for a message.
pub(super) fn code_and_message(text: &str) -> (Option<String>, Option<String>) {
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
pub(super) fn on_one_line(text: &str) -> String {
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
