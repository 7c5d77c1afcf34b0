//! The journal of one upload in parts: which upload it is, and which parts the store has acknowledged.
//!
//! A journal is a file of JSON lines in a folder that the caller names. The first line says what is uploaded where, each
//! further one names a finished part. It is never trusted: one that is of another place, cut, edited or no journal at all
//! is ignored, and a part counts only for the same state of the same file, if the store lists it with the same size and
//! ETag, and if the file still has there what was sent. So losing or spoiling a journal costs sending the parts again.
//!
//! Before an upload is begun at the store, the journal says that it is about to be, and which uploads of the key the store
//! has by then. Only so can an upload whose id was lost with the process be told from one that another machine is at: it
//! is none of those, and it has no parts, because none is sent before the id is written down.
//!
//! A journal is found by its target alone, because one object has one upload at a time on this machine: whoever opens it
//! holds the lock beside it. `forgotten` finds those that nobody opened for long.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::Identity;
use crate::lock::{Lock, LockError, Pulse, Waiting};
use crate::model::Checksum;

/// The form of the file; another number is another form.
const VERSION: u32 = 2;

/// The longest journal that is read: ten thousand parts stay well below.
const LONGEST: u64 = 8 * 1024 * 1024;

/// How long a journal that nobody opens is kept, and the file of a lock that nobody holds.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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

/// An upload that the store knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) upload_id: String,
    pub(super) parts: BTreeMap<u32, SavedPart>,
}

/// What a journal says about an upload that was broken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) subject: Subject,
    pub(super) stage: Stage,
}

/// How far an upload got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was to be begun, with nobody knowing whether it was, when the store had these uploads of the key; `None` if it
    /// did not say which.
    Intended { before: Option<Vec<String>> },
    /// It was begun.
    Begun(Saved),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    journal: u32,
    #[serde(flatten)]
    subject: Subject,
    /// The upload; without one it was only to be begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upload_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    before: Option<Vec<String>>,
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
    lock: Lock,
}

impl Journal {
    /// Opens the journal of a target, and waits a while if somebody else uploads there.
    pub(super) async fn open(folder: &Path, target: Target, waiting: &Waiting) -> Result<Self, LockError> {
        let mut digest = Sha256::new();
        for text in [&target.endpoint, &target.bucket, &target.key] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        let name = Checksum::from_digest(digest.finalize().into());
        let path = folder.join(format!("{name}.journal"));
        let lock = Lock::acquire(path.with_extension("lock"), waiting).await?;
        Ok(Self { path, target, file: None, lock })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Shows those who wait for the lock that the upload makes progress.
    pub(super) fn pulse(&self) -> Pulse {
        self.lock.pulse()
    }

    /// What was kept about an upload to this target, if it can be understood.
    pub(super) fn load(&self) -> Option<Record> {
        read(&self.path).filter(|record| record.subject.target == self.target)
    }

    /// Writes that an upload is about to be begun, in place of whatever was there.
    pub(super) fn intend(&mut self, subject: &Subject, before: Option<Vec<String>>) -> io::Result<()> {
        self.file = None;
        self.write(&Record { subject: subject.clone(), stage: Stage::Intended { before } })
    }

    /// Writes the journal of an upload, in place of whatever was there.
    pub(super) fn begin(&mut self, subject: &Subject, saved: &Saved) -> io::Result<()> {
        self.write(&Record { subject: subject.clone(), stage: Stage::Begun(saved.clone()) })?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        Ok(())
    }

    /// Writes all of it, in one step.
    ///
    /// It is not forced to disk: what a loss of power leaves is a journal that is ignored.
    fn write(&self, record: &Record) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        fs::write(&fresh, print(record)?)?;
        fs::rename(&fresh, &self.path)
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

    /// Keeps it for as long again as journals are kept.
    pub(super) fn put_off(&self) {
        // Should that fail, it is only tried again sooner.
        let file = OpenOptions::new().append(true).open(&self.path);
        let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
    }

    /// Removes it: there is nothing to go on with.
    pub(super) fn remove(&mut self) {
        self.file = None;
        let _ = fs::remove_file(&self.path);
    }
}

/// The text of a journal.
pub(super) fn print(record: &Record) -> io::Result<Vec<u8>> {
    let none = BTreeMap::new();
    let (upload_id, before, parts) = match &record.stage {
        Stage::Intended { before } => (None, before.clone(), &none),
        Stage::Begun(saved) => (Some(saved.upload_id.clone()), None, &saved.parts),
    };
    let mut text = line(&Head { journal: VERSION, subject: record.subject.clone(), upload_id, before })?;
    for (part, saved) in parts {
        text.extend(line(&Line { part: *part, saved: saved.clone() })?);
    }
    Ok(text)
}

fn line(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    Ok(text)
}

/// The journals in a folder that nobody opened for long, locked; files of locks as old are removed on the way.
pub(super) fn forgotten(folder: &Path) -> Vec<Journal> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let old = |path: &Path| {
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        modified.and_then(|time| SystemTime::now().duration_since(time).ok()).is_some_and(|age| age > KEPT)
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| old(path));
    let journals = paths.filter_map(|path| match path.extension()?.to_str()? {
        "lock" => {
            // Letting go of it removes the file, where that can be done.
            let _ = Lock::attempt(&path);
            None
        }
        "journal" => {
            let lock = Lock::attempt(&path.with_extension("lock")).ok()??;
            // Whoever had the lock until now may have gone on with it.
            if !old(&path) {
                return None;
            }
            let Some(record) = read(&path) else {
                let _ = fs::remove_file(&path);
                return None;
            };
            Some(Journal { path, target: record.subject.target, file: None, lock })
        }
        "new" => {
            // Left by somebody who was killed while writing it.
            let _ = fs::remove_file(&path);
            None
        }
        _ => None,
    });
    journals.collect()
}

/// Reads a file that may be a journal.
fn read(path: &Path) -> Option<Record> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    parse(&bytes)
}

/// Reads a journal as far as it can be understood; without a whole first line it is none.
pub(super) fn parse(bytes: &[u8]) -> Option<Record> {
    if bytes.len() as u64 > LONGEST {
        return None;
    }
    // What stands after the last line end was cut off.
    let whole = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n')?];
    let mut lines = whole.split(|byte| *byte == b'\n');
    let Head { journal, subject, upload_id, before } = serde_json::from_slice(lines.next()?).ok()?;
    if journal != VERSION {
        return None;
    }
    let Some(upload_id) = upload_id else { return Some(Record { subject, stage: Stage::Intended { before } }) };
    if upload_id.is_empty() {
        return None;
    }
    let mut parts = BTreeMap::new();
    for line in lines {
        let Ok(Line { part, saved }) = serde_json::from_slice(line) else { break };
        parts.insert(part, saved);
    }
    Some(Record { subject, stage: Stage::Begun(Saved { upload_id, parts }) })
}

#[cfg(test)]
mod tests;
