//! The XML of the OBS port: answers, written element by element.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;

/// The namespace of every answer but errors, as the API reference shows it.
const NAMESPACE: &str = "http://obs.myhuaweicloud.com/doc/2015-06-30/";

/// Every owner and initiator of the emulator's.
const OWNER: &str = "emulator";

/// What stays as it is in a key when `encoding-type` is `url`.
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A document that is being written.
pub(super) struct Xml {
    text: String,
    root: &'static str,
    /// Whether keys are percent-encoded, as `encoding-type=url` asks for.
    encoded: bool,
}

impl Xml {
    /// Begins the answer to a request.
    pub(super) fn answer(root: &'static str) -> Self {
        Self::begin(root, &format!("<{root} xmlns=\"{NAMESPACE}\">"))
    }

    /// Begins an error.
    pub(super) fn error() -> Self {
        Self::begin("Error", "<Error>")
    }

    fn begin(root: &'static str, tag: &str) -> Self {
        let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{tag}");
        Self { text, root, encoded: false }
    }

    /// Percent-encodes keys from here on, if the request asked for it.
    pub(super) fn encode_keys(mut self, encoded: bool) -> Self {
        if encoded {
            self.element("EncodingType", "url");
        }
        self.encoded = encoded;
        self
    }

    /// An element with text in it.
    pub(super) fn element(&mut self, name: &str, text: impl ToString) {
        let text = printable(&text.to_string());
        self.text.push_str(&format!("<{name}>{}</{name}>", escape(&text)));
    }

    /// An element with a key in it, or with a part of one.
    pub(super) fn key(&mut self, name: &str, key: &str) {
        if self.encoded {
            self.element(name, utf8_percent_encode(key, KEY));
        } else {
            self.element(name, key);
        }
    }

    /// An element with an ETag in it, in its quotation marks.
    pub(super) fn etag(&mut self, etag: &str) {
        self.element("ETag", format!("\"{etag}\""));
    }

    /// `Initiator` or `Owner`.
    pub(super) fn user(&mut self, name: &str) {
        self.group(name, |xml| xml.element("ID", OWNER));
    }

    /// An element with others in it.
    pub(super) fn group(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.text.push_str(&format!("<{name}>"));
        write(self);
        self.text.push_str(&format!("</{name}>"));
    }

    pub(super) fn finish(mut self, status: StatusCode) -> Response {
        self.text.push_str(&format!("</{}>", self.root));
        (status, [(CONTENT_TYPE, "application/xml")], self.text).into_response()
    }
}

/// Replaces the characters that XML cannot have, not even escaped.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}
