//! Taking secrets out of what is recorded.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::request::Parts;
use serde_json::Value;

use crate::operation::Service;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Headers whose values are secrets.
const SECRET_HEADERS: [&str; 8] = [
    "x-auth-token",
    "x-security-token",
    "x-obs-security-token",
    "x-amz-security-token",
    "x-subject-token",
    "x-metadata-token",
    "cookie",
    "proxy-authorization",
];

/// Members of JSON bodies of IAM whose values are secrets; the id of a token is one, too.
const SECRET_MEMBERS: [&str; 3] = ["password", "securitytoken", "secret"];

/// Path, query and headers, a line each.
pub(super) fn head(parts: &Parts) -> String {
    let mut head = String::with_capacity(512);
    head.push_str(parts.uri.path());
    head.push('\n');
    query(parts.uri.query().unwrap_or_default(), &mut head);
    for (name, value) in &parts.headers {
        let name = name.as_str();
        let value = match value.to_str() {
            Ok(value) => Cow::Borrowed(value),
            Err(_) => String::from_utf8_lossy(value.as_bytes()),
        };
        head.push('\n');
        head.push_str(name);
        head.push_str(": ");
        match name {
            "authorization" => authorization(&value, &mut head),
            _ if SECRET_HEADERS.contains(&name) => head.push_str(MASK),
            _ => head.push_str(&value),
        }
    }
    head
}

/// Signed addresses have their secrets in the query.
fn query(query: &str, out: &mut String) {
    for (index, item) in query.split('&').enumerate() {
        if index > 0 {
            out.push('&');
        }
        match item.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "{name}={MASK}");
            }
            _ => out.push_str(item),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("signature") || name.contains("token")
}

/// Who signed, and with which scheme, is no secret; only the signature itself is.
fn authorization(value: &str, out: &mut String) {
    let known = value.find("Signature=").map(|at| at + "Signature=".len()).or_else(|| {
        let is_short = ["OBS ", "AWS "].iter().any(|scheme| value.starts_with(scheme));
        if is_short { value.find(':').map(|at| at + 1) } else { None }
    });
    out.push_str(&value[..known.unwrap_or(0)]);
    out.push_str(MASK);
}

/// A body without what is secret in calls of IAM.
pub(super) fn body(service: Service, first: &[u8], total: u64) -> Vec<u8> {
    if service != Service::Iam || first.is_empty() {
        return first.to_vec();
    }
    match serde_json::from_slice::<Value>(first) {
        Ok(mut value) if total == first.len() as u64 => {
            mask(&mut value, false);
            value.to_string().into_bytes()
        }
        // What cannot be read may have a secret anywhere.
        _ => MASK.as_bytes().to_vec(),
    }
}

fn mask(value: &mut Value, in_token: bool) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if SECRET_MEMBERS.contains(&name.as_str()) || (in_token && name == "id") => {
                        *text = MASK.to_owned();
                    }
                    value => mask(value, name == "token"),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, in_token)),
        _ => {}
    }
}
