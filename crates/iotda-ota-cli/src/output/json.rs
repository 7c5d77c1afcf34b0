//! JSON: one document on standard output, lines on standard error.

use std::io::{self, Write};

use serde::Serialize;

/// A value over several lines.
pub(super) fn document(value: &impl Serialize) -> io::Result<String> {
    Ok(without_controls(serde_json::to_string_pretty(value)?))
}

/// A value as one line, with its `type` in front.
pub(super) fn line(kind: &'static str, value: &impl Serialize, err: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(flatten)]
        value: &'a T,
    }
    let text = without_controls(serde_json::to_string(&Line { kind, value })?);
    writeln!(err, "{text}")
}

/// Escapes the control characters that JSON allows as they are but a terminal obeys. They can only stand in strings.
fn without_controls(json: String) -> String {
    let raw = |c: char| c.is_control() && c != '\n';
    if !json.contains(raw) {
        return json;
    }
    json.chars().fold(String::with_capacity(json.len() + 16), |mut text, c| {
        if raw(c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_a_control_character() {
        let nasty = "a\u{1b}[2J\u{9b}2J\u{7f}\nb";
        let text = document(&[nasty]).unwrap();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [nasty]);
    }
}
