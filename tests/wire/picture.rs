//! Requests and violations as a reviewer reads them.
//!
//! Left out is what differs from run to run: the host, which holds a port, and the version in the user agent. Long
//! texts are cut; that a body is what the fixture says is compared elsewhere.

use std::fmt::Write as _;

use iotda_ota::Error;
use serde_json::Value;
use support::Received;
use support::call::Outcome;
use support::fixture::sorted;

/// The longest text that is shown whole.
const LONGEST: usize = 100;

/// What came of a call.
pub(crate) fn of(outcome: &Outcome, received: &[Received]) -> String {
    match outcome {
        Ok(warnings) => {
            let requests: Vec<_> = received.iter().map(request).collect();
            let mut text = requests.join("\n");
            for warning in warnings {
                write!(text, "\nwarning: {warning}").expect("text grows");
            }
            text
        }
        Err(error) => violations(error, received),
    }
}

/// One request: its first line, its headers in the order of the alphabet, its body.
pub(crate) fn request(request: &Received) -> String {
    let mut text = format!("{} {}\n", request.method, request.target);
    let mut headers: Vec<_> = request.headers.iter().filter(|(name, _)| name != "host").collect();
    headers.sort_unstable();
    for (name, value) in headers {
        writeln!(text, "{name}: {}", header(name, value)).expect("text grows");
    }
    match serde_json::from_slice(&request.body) {
        Ok(body) => writeln!(text, "\n{}", json(&sorted(&body), 0)).expect("text grows"),
        Err(_) if request.body.is_empty() => {}
        Err(_) => writeln!(text, "\n{}", String::from_utf8_lossy(&request.body)).expect("text grows"),
    }
    text
}

fn header(name: &str, value: &str) -> String {
    match name {
        "user-agent" => value.replace(env!("CARGO_PKG_VERSION"), "[version]"),
        "date" => "[date]".to_owned(),
        // No snapshot holds a secret, not even a fake one, so that a real one would be noticed.
        "x-auth-token" => "[token]".to_owned(),
        // The signature covers the date.
        "authorization" => match value.split_once(':') {
            Some((key, _)) => format!("{key}:[signature]"),
            None => "[signature]".to_owned(),
        },
        _ => value.to_owned(),
    }
}

/// Every violation, and what was sent all the same, which should be nothing.
pub(crate) fn violations(error: &Error, received: &[Received]) -> String {
    let found = error.violations();
    let mut text = format!("{:?}; violations: {}; requests sent: {}\n", error.kind(), found.len(), received.len());
    for violation in found {
        let (field, rule, value, help) = (&violation.field, &violation.rule, &violation.value, &violation.help);
        write!(text, "\n{field}\n    rule:  {rule}\n    value: {value}\n    help:  {help}\n").expect("text grows");
    }
    text
}

/// JSON with one field a line and lists of texts on one.
fn json(value: &Value, depth: usize) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value)| format!("{}\"{name}\": {}", "  ".repeat(depth + 1), json(value, depth + 1));
            let fields: Vec<_> = fields.iter().map(field).collect();
            format!("{{\n{}\n{}}}", fields.join(",\n"), "  ".repeat(depth))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| json(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// A text as JSON, or the beginning of a long one and how many characters it has.
fn quoted(text: &str) -> String {
    let count = text.chars().count();
    if count <= LONGEST {
        return Value::from(text).to_string();
    }
    let start: String = text.chars().take(LONGEST / 2).collect();
    format!("{}... ({count} characters)", Value::from(start))
}
