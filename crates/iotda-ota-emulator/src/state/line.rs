//! The lines of a file with the emulator's state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the form.
pub(super) const VERSION: u32 = 1;

/// Most bytes of a line, and of the bytes of an object in one line before they are encoded. The latter is a multiple of
/// three, so that no line but the last is padded.
pub(super) const MOST_LINE_BYTES: usize = 1 << 20;
pub(super) const MOST_CHUNK_BYTES: usize = 48 << 10;

/// One line: an object with one member.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line of a dump, which then has an end. A file written by hand has neither.
    Dump(Header),
    /// A bucket besides the one that always exists.
    Bucket(BucketLine),
    /// A package as the service shows it, or as a create request has it.
    Package(Map<String, Value>),
    /// An object, without bytes or with all of them.
    Object(ObjectLine),
    /// More bytes of the object before, in Base64.
    Bytes(String),
    /// The last line of a dump.
    End(End),
    /// Why a dump has no end.
    Failed(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketLine {
    pub(super) name: String,
    /// The name of the user whose bucket it is; everybody's without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectLine {
    /// The emulator's bucket unless it says otherwise.
    pub(super) bucket: Option<String>,
    pub(super) key: String,
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    /// Without quotation marks; that of a PUT unless it says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    /// The bytes, if they are text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) packages: u64,
    pub(super) objects: u64,
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    fn lines() -> impl Strategy<Value = Line> {
        let object = (
            option::of(".{0,9}"),
            ".{0,9}",
            option::of(".{0,9}"),
            btree_map(".{0,9}", ".{0,9}", 0..3),
            option::of(".{0,9}"),
            option::of(".{0,9}"),
        );
        prop_oneof![
            any::<u32>().prop_map(|version| Line::Dump(Header { version })),
            (".{0,9}", option::of(".{0,9}")).prop_map(|(name, owner)| Line::Bucket(BucketLine { name, owner })),
            btree_map(".{0,9}", ".{0,9}", 0..4).prop_map(|members| {
                Line::Package(members.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
            }),
            object.prop_map(|(bucket, key, content_type, metadata, etag, text)| {
                Line::Object(ObjectLine { bucket, key, content_type, metadata, etag, text })
            }),
            any::<String>().prop_map(Line::Bytes),
            any::<String>().prop_map(Line::Failed),
            (any::<u64>(), any::<u64>()).prop_map(|(packages, objects)| Line::End(End { packages, objects })),
        ]
    }

    proptest! {
        #[test]
        fn any_line_is_one_line_and_read_as_it_was_written(line in lines()) {
            let written = serde_json::to_string(&line).unwrap();
            prop_assert!(!written.contains('\n'));
            let read: Line = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), written);
            prop_assert_eq!(std::mem::discriminant(&read), std::mem::discriminant(&line));
        }

        #[test]
        fn any_text_is_a_line_or_refused(text in "\\{\"(dump|bucket|package|object|bytes|end|[a-z]{1,5})\":[ -~]{0,20}\\}") {
            let _ = serde_json::from_str::<Line>(&text);
        }
    }
}
