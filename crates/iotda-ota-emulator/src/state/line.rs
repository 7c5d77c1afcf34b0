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
