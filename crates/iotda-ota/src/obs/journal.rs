//! The journal of one upload in parts: which upload it is, and which parts the store has acknowledged.
//!
//! A journal is a file of JSON lines in a folder that the caller names. The first line says what is uploaded where, each
//! further one names a finished part. It is never trusted: one that is of another file, of another place, cut, edited or
//! no journal at all is ignored, and a part counts only if the store lists it with the same size and ETag, and if the
//! file still has there what was sent. So losing or spoiling a journal costs sending the parts again, and nothing else.
//!
//! A journal is found by its target alone, because one object has one upload at a time: whoever opens it holds the lock
//! beside it, and a multipart upload of that key which the journal does not name belongs to nobody here.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::Identity;
use crate::lock::{Lock, LockError};
use crate::model::Checksum;

/// The form of the file; another number is another form.
const VERSION: u32 = 1;

/// The longest journal that is read: ten thousand parts stay well below.
const LONGEST: u64 = 8 * 1024 * 1024;

/// Where the object goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) endpoint: String,
    pub(super) bucket: String,
    pub(super) key: String,
}

/// What has to be the same for an upload to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) file: Identity,
    pub(super) part_size: u64,
}

/// A part that the store has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedPart {
    pub(super) etag: String,
    pub(super) sha256: Checksum,
}

/// What a journal says about an upload that was broken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) upload_id: String,
    pub(super) parts: BTreeMap<u32, SavedPart>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    journal: u32,
    #[serde(flatten)]
    subject: Subject,
    upload_id: String,
}

/// Each further line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    part: u32,
    #[serde(flatten)]
    saved: SavedPart,
}

/// The journal of one target, locked.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    target: Target,
    file: Option<File>,
    _lock: Lock,
}

impl Journal {
    /// Opens the journal of a target, and waits a while if somebody else uploads there.
    pub(super) async fn open(folder: &Path, target: Target) -> Result<Self, LockError> {
        let mut digest = Sha256::new();
        for text in [&target.endpoint, &target.bucket, &target.key] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        let name = Checksum::from_digest(digest.finalize().into());
        let path = folder.join(format!("{name}.journal"));
        let lock = Lock::acquire(path.with_extension("lock")).await?;
        Ok(Self { path, target, file: None, _lock: lock })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What was kept about an upload of this very subject, if it can be understood.
    pub(super) fn load(&self, subject: &Subject) -> Option<Saved> {
        let mut bytes = Vec::new();
        File::open(&self.path).ok()?.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
        let (found, saved) = parse(&bytes)?;
        (found == *subject).then_some(saved)
    }

    /// Writes the journal of an upload, in place of whatever was there, in one step.
    ///
    /// It is not forced to disk: what a loss of power leaves is a journal that is ignored.
    pub(super) fn begin(&mut self, subject: &Subject, saved: &Saved) -> io::Result<()> {
        let head = Head { journal: VERSION, subject: subject.clone(), upload_id: saved.upload_id.clone() };
        let mut text = line(&head)?;
        for (part, saved) in &saved.parts {
            text.extend(line(&Line { part: *part, saved: saved.clone() })?);
        }
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, &text)?;
        fs::rename(&fresh, &self.path)?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        Ok(())
    }

    /// Adds a finished part. Should that fail, the part is sent again by whoever goes on, which is no reason to stop.
    pub(super) fn add(&mut self, part: u32, saved: SavedPart) {
        let Some(file) = &mut self.file else { return };
        let written = line(&Line { part, saved }).and_then(|text| file.write_all(&text));
        if let Err(error) = written {
            tracing::warn!(%error, path = %self.path.display(), "the journal of the upload cannot be written");
            // Half a line could make the next one unreadable.
            self.file = None;
        }
    }

    /// Removes it: there is nothing to go on with.
    pub(super) fn remove(&mut self) {
        self.file = None;
        let _ = fs::remove_file(&self.path);
    }
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a journal as far as it can be understood; without a whole first line it is none.
fn parse(bytes: &[u8]) -> Option<(Subject, Saved)> {
    if bytes.len() as u64 > LONGEST {
        return None;
    }
    // What stands after the last line end was cut off.
    let whole = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n')?];
    let mut lines = whole.split(|byte| *byte == b'\n');
    let head: Head = serde_json::from_slice(lines.next()?).ok()?;
    if head.journal != VERSION || head.upload_id.is_empty() {
        return None;
    }
    let mut parts = BTreeMap::new();
    for line in lines {
        let Ok(Line { part, saved }) = serde_json::from_slice(line) else { break };
        parts.insert(part, saved);
    }
    Some((head.subject, Saved { upload_id: head.upload_id, parts }))
}

#[cfg(test)]
mod tests;
