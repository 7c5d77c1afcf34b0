//! Upload of a local file: what is there already, the way it takes, and what is left behind when it fails.
//!
//! [`Upload`] is the builder, [`Uploaded`] the result. A file of at most one part goes in `whole`, a larger one in
//! `parts`; `left_behind` cancels what earlier uploads left in the bucket.

use std::path::{Path, PathBuf};

use super::file::Source;
use super::journal::{Journal, Target};
use super::{ObjectInfo, Obs, background};
use crate::call::{CallOptions, call_options};
use crate::error::{Error, ErrorKind};
use crate::lock::{LockError, Waiting};
use crate::model::Checksum;
use crate::progress::{Progress, Reporter};
use crate::validate::Warning;

mod left_behind;
mod parts;
mod reader;
mod whole;

/// The size of a part, and the largest file that goes in one piece.
const PART: u64 = 8 * 1024 * 1024;

/// How many parts are on their way at the same time.
const IN_FLIGHT: usize = 4;

/// Uploads a local file.
///
/// ```no_run
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let uploaded = client.obs()?.upload("firmware", "sensors/2.0/upgrade.bin", "upgrade.bin").send().await?;
/// println!("{} bytes, SHA-256 {}", uploaded.object.size, uploaded.checksum);
/// # Ok(()) }
/// ```
///
/// A file of at most 8 MiB goes in a single PUT, a larger one in parts of 8 MiB, several at the same time. The file is
/// read once, and memory does not depend on its size. OBS is told the SHA-256 of all bytes and is documented to refuse
/// others; a part that fails is sent again alone.
///
/// An object of the same key that has the same content is used as it is; one with other content is an error unless
/// [`replace`](Self::replace) is set. With a [`journal_dir`](Self::journal_dir) an upload in parts that was broken off,
/// however that happened, goes on where it was when the same file is uploaded again. Its parts are removed when they are of
/// no use any more. Uploads to the same key from other machines are left alone, unless they were begun more than a day
/// ago; one that somebody else cancelled begins anew. Dropping the future stops the upload. The time of an attempt is for
/// requests that carry no content; content may take as long as it moves, see
/// [`idle_timeout`](crate::ClientBuilder::idle_timeout).
///
/// A folder of journals is swept with every upload: what was broken off and nobody opened for thirty days is cancelled in
/// the store, and its journal removed. A journal stays as long as that cannot be done, and when it is of another store.
///
/// # Errors
///
/// [`is_already_exists`](Error::is_already_exists) if the key is taken; [`ErrorKind::Mismatch`] if the file changed
/// meanwhile or the bytes arrive damaged; [`ErrorKind::Unavailable`] if the upload broke off, or somebody else is
/// uploading to the same key; [`is_denied`](Error::is_denied) if the key may not write there.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct Upload {
    obs: Obs,
    bucket: String,
    key: String,
    path: PathBuf,
    source: Option<Source>,
    replace: bool,
    journal_dir: Option<PathBuf>,
    part_size: u64,
    in_flight: usize,
    progress: Reporter,
    options: CallOptions,
    waiting: Waiting,
}

/// A file that is stored as an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Uploaded {
    /// What OBS says of the object.
    pub object: ObjectInfo,
    /// The SHA-256 of the file, which is that of the object.
    pub checksum: Checksum,
    /// True if the object was there already with this content, so that nothing was sent.
    pub existed: bool,
    /// What does not hinder the upload but should be known.
    pub warnings: Vec<Warning>,
}

/// What came of sending.
struct Sent {
    etag: Option<String>,
    request_id: Option<String>,
    checksum: Checksum,
    /// True if it turned out to be there without that what was sent was made into an object, as far as is known.
    found: bool,
}

impl Sent {
    fn found(object: ObjectInfo, checksum: Checksum) -> Self {
        Self { etag: object.etag, request_id: object.request_id, checksum, found: true }
    }
}

/// What lies under the key.
enum Stored {
    Nothing,
    /// The content of the file.
    Same(ObjectInfo, Checksum),
    /// Other content, or, for who replaces, anything.
    Other,
}

impl Obs {
    /// Starts to upload a local file. See [`Upload`].
    pub fn upload(&self, bucket: impl Into<String>, key: impl Into<String>, path: impl Into<PathBuf>) -> Upload {
        Upload {
            obs: self.clone(),
            bucket: bucket.into(),
            key: key.into(),
            path: path.into(),
            source: None,
            replace: false,
            journal_dir: self.journal_dir.clone(),
            part_size: PART,
            in_flight: IN_FLIGHT,
            progress: Reporter::default(),
            options: self.options.clone(),
            waiting: Waiting::default(),
        }
    }
}

impl Upload {
    /// Replaces an object of the same key that has other content.
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Keeps a journal in this folder, which is made if need be. Without one, an upload that was broken off starts over.
    pub fn journal_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.journal_dir = Some(folder.into());
        self
    }

    /// The size of a part, 8 MiB otherwise; OBS takes 100 KiB to 5 GiB. It is raised if there would be more than 10000
    /// parts. A smaller file goes in a single PUT.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes.max(1);
        self
    }

    /// How many parts are on their way at the same time; 4 otherwise, and fewer if parts are larger than 8 MiB. Each
    /// takes its size in memory.
    pub fn in_flight(mut self, parts: usize) -> Self {
        self.in_flight = parts.max(1);
        self
    }

    call_options!();

    /// Hears how far the upload is. Called often, so it should be quick.
    pub fn on_progress(self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.with_reporter(Reporter::new(listener))
    }

    pub(crate) fn with_reporter(mut self, progress: Reporter) -> Self {
        self.progress = progress;
        self
    }

    /// Uploads from a file that is open already.
    pub(crate) fn with_source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Tells for whom it waits.
    pub(crate) fn with_waiting(mut self, waiting: Waiting) -> Self {
        self.waiting = waiting;
        self
    }

    /// Uploads.
    ///
    /// # Errors
    ///
    /// See [`Upload`].
    pub async fn send(&self) -> Result<Uploaded, Error> {
        let options = self.options.begun();
        let begun = Self { obs: self.obs.clone().with_options(&options), ..self.clone() };
        options.within(begun.run()).await
    }

    async fn run(&self) -> Result<Uploaded, Error> {
        let source = match &self.source {
            Some(source) => source.clone(),
            None => {
                let path = self.path.clone();
                background::run(move |_| Source::open(&path)).await??
            }
        };
        let mut warnings = Vec::new();
        let mut journal = self.open_journal(&mut warnings).await?;
        let this = match &journal {
            Some(journal) => {
                let pulse = journal.pulse();
                &self.clone().with_reporter(self.progress.clone().and(move || pulse.beat()))
            }
            None => self,
        };
        this.sweep().await;

        // Who replaces need not know what is there.
        let stored = if this.replace { Stored::Other } else { this.stored(&source).await? };
        let goes_up = this.replace || matches!(stored, Stored::Nothing);
        let in_parts = goes_up && source.size() > this.part_size;
        if let Some(journal) = journal.as_mut().filter(|_| !in_parts) {
            this.clear(journal).await;
        }
        let sent = match stored {
            Stored::Same(object, checksum) => {
                source.require_unchanged()?;
                return Ok(Uploaded { object, checksum, existed: true, warnings });
            }
            Stored::Other if !goes_up => return Err(this.taken()),
            _ if in_parts => this.send_parts(&source, journal.as_mut(), &mut warnings).await?,
            _ => this.send_whole(source.clone()).await?,
        };
        let object = ObjectInfo { size: source.size(), etag: sent.etag, request_id: sent.request_id };
        Ok(Uploaded { object, checksum: sent.checksum, existed: false, warnings })
    }

    /// The journal, locked; `None` if there is to be none or if the folder cannot be used.
    async fn open_journal(&self, warnings: &mut Vec<Warning>) -> Result<Option<Journal>, Error> {
        let Some(folder) = &self.journal_dir else { return Ok(None) };
        let target = Target { endpoint: self.endpoint(), bucket: self.bucket.clone(), key: self.key.clone() };
        match Journal::open(folder, target, &self.waiting).await {
            Ok(journal) => Ok(Some(journal)),
            Err(LockError::Busy(process)) => {
                let who = process.map_or_else(|| "somebody else".to_owned(), |process| format!("process {process}"));
                let message = format!("{who} on this machine is uploading to {}, and makes no progress", self.place());
                Err(Error::new(ErrorKind::Unavailable, message)
                    .with_hint("wait until that is done and try again; an object with the same content is used then"))
            }
            Err(LockError::Io(error)) => {
                warnings.push(unusable(folder, &error));
                Ok(None)
            }
        }
    }

    /// What journals call the store.
    fn endpoint(&self) -> String {
        self.obs.name.clone().unwrap_or_else(|| self.obs.endpoint.to_string())
    }

    /// What lies under the key, compared with the file. Only reading an object tells what is in it: no ETag does.
    async fn stored(&self, source: &Source) -> Result<Stored, Error> {
        let object = match self.obs.head(&self.bucket, &self.key).await {
            Ok(object) => object,
            // A bucket that is missing is found out by the upload, with the better message.
            Err(error) if error.is_not_found() => return Ok(Stored::Nothing),
            Err(error) => return Err(error),
        };
        if object.size != source.size() {
            return Ok(Stored::Other);
        }
        let checksum = source.checksum(self.progress.clone()).await?;
        let found = self.obs.checksum_with(&self.bucket, &self.key, Some(object.size), self.progress.clone()).await?;
        Ok(if found.matches(&checksum) { Stored::Same(object, checksum) } else { Stored::Other })
    }

    fn place(&self) -> String {
        format!("object {:?} in bucket {:?}", self.key, self.bucket)
    }

    fn taken(&self) -> Error {
        Error::new(ErrorKind::AlreadyExists, format!("{} exists with other content", self.place()))
            .with_hint("nothing was changed; give another object key, or delete the object first")
    }
}

/// The warning of a folder in which no state can be kept.
fn unusable(folder: &Path, error: &std::io::Error) -> Warning {
    let message = format!("{} cannot be used, so an upload that is broken off starts over: {error}", folder.display());
    Warning::new("journal_dir", message)
}
