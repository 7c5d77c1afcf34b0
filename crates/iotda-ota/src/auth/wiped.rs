//! Texts that leave nothing behind: secrets on their way from where they are read to where they are sent.
//!
//! [`secret`] is the last step of every secret that comes in, [`Wiped`] and [`Node`] read one out of JSON, [`json`] writes
//! one into the body of a request and [`header`] into a header of it. Out of reach are the environment of the process,
//! which it has as long as it runs, and the buffers of the HTTP and TLS libraries, through which everything passes.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;
use http::HeaderValue;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize};

/// Takes a text as a secret. What it was read into is wiped.
pub(crate) fn secret(text: impl Into<String>) -> SecretString {
    let text = Zeroizing::new(text.into());
    // A text that gives its spare room back may move and leave a copy behind, so it is copied exactly.
    SecretString::from(text.as_str())
}

/// A text of JSON that is wiped when it is dropped.
pub(super) struct Wiped(Zeroizing<String>);

impl Wiped {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Wiped;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Wiped, E> {
                Ok(Wiped(Zeroizing::new(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Wiped, E> {
                Ok(Wiped(Zeroizing::new(text)))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// A value of JSON, as far as anybody looks at it, with every text wiped when it is dropped.
pub(super) enum Node {
    Text(Wiped),
    Object(HashMap<String, Node>),
    Other,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNode)
    }
}

struct AnyNode;

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(Wiped(Zeroizing::new(text.to_owned()))))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(Wiped(Zeroizing::new(text))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut object = HashMap::new();
        while let Some((name, value)) = map.next_entry()? {
            object.insert(name, value);
        }
        Ok(Node::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }
}

/// A value as JSON that is wiped when it is dropped.
pub(super) fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    // All the room at once: a vector that grows would leave copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value)?;
    match bytes.len() == length.0 {
        true => Ok(bytes),
        false => Err(serde_json::Error::custom("the value changed while it was written")),
    }
}

/// The same as the body of a request, which is wiped when it was sent.
pub(super) fn body(value: &impl Serialize) -> Result<reqwest::Body, serde_json::Error> {
    Ok(reqwest::Body::from(Bytes::from_owner(json(value)?)))
}

/// A secret as the value of a header: never shown, and wiped when the last copy goes. `None` if no header can carry it.
pub(crate) fn header(text: &str) -> Option<HeaderValue> {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
    // All the room at once, as everywhere, and the header keeps it instead of a copy.
    let bytes = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok().filter(|_| text.chars().all(is_plain))?;
    value.set_sensitive(true);
    Some(value)
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_has_exactly_the_room_it_needs() {
        let bytes = json(&serde_json::json!({ "a": ["fake-secret", 1, null], "b": "\"\\\u{1}é" })).unwrap();
        assert_eq!(bytes.capacity(), bytes.len());
        assert_eq!(body(&"fake-secret").unwrap().as_bytes(), Some(&b"\"fake-secret\""[..]));
    }

    #[test]
    fn a_header_carries_what_is_visible_and_shows_nothing_of_it() {
        let value = header("fake secret ~").unwrap();
        assert!(
            value == "fake secret ~" && value.is_sensitive() && !format!("{value:?}").contains("fake"),
            "{value:?}"
        );
        assert!(["fake\n", "fake\t", "fäke", "fake\u{7f}"].into_iter().all(|text| header(text).is_none()));
    }

    #[test]
    fn every_kind_of_value_is_read_and_only_texts_and_objects_are_kept() {
        let text =
            r#"{"a":"x","b":{"c":"é\n"},"d":[1,{"e":"f"}],"g":null,"h":true,"i":-1,"j":1.5,"k":18446744073709551615}"#;
        let Node::Object(object) = serde_json::from_str(text).unwrap() else { panic!("no object") };
        assert!(matches!(&object["a"], Node::Text(text) if text.as_str() == "x"));
        assert!(matches!(&object["b"], Node::Object(inner) if matches!(&inner["c"], Node::Text(_))));
        assert!(["d", "g", "h", "i", "j", "k"].iter().all(|name| matches!(object[*name], Node::Other)));
        assert!(serde_json::from_str::<Node>(r#"{"a":"#).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_written_and_read_back(text in "\\PC{0,60}") {
            let bytes = json(&text).unwrap();
            let back: Wiped = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(back.as_str(), &text);
        }
    }
}
