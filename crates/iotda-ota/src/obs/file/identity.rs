//! What tells one state of a file from another, as far as the system tells it.

use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// One state of one file: should any of this differ, the content may, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::obs) struct Identity {
    /// The canonical path; only for comparison, so letters that are not UTF-8 may be replaced.
    pub(super) path: String,
    pub(super) size: u64,
    /// Seconds and nanoseconds since 1970, where the system tells them.
    modified: Option<(u64, u32)>,
    /// Device and number, where the system has them.
    pub(super) inode: Option<(u64, u64)>,
}

impl Identity {
    /// The state that the system tells of a file whose canonical path this is.
    pub(super) fn new(path: String, metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map(|since| (since.as_secs(), since.subsec_nanos()));
        Self { path, size: metadata.len(), modified, inode: inode(metadata) }
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> Option<(u64, u64)> {
    None
}

/// When anything about a file changed last, which nobody can set back.
#[cfg(unix)]
pub(super) fn change_time(metadata: &Metadata) -> Option<(i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
pub(super) fn change_time(_metadata: &Metadata) -> Option<(i64, i64)> {
    None
}
