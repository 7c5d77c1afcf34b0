//! Upload of a larger file: in parts, several at a time, going on where an earlier upload was broken off.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use super::reader::{self, Cut, Part};
use super::{Sent, Stored, Upload, unusable};
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::obs::background;
use crate::obs::file::Source;
use crate::obs::journal::{Journal, Saved, SavedPart, Subject};
use crate::obs::multipart::Place;
use crate::progress::{Meter, Phase};
use crate::validate::Warning;

/// How much memory the parts on their way may take, unless a single one takes more.
const MEMORY: u64 = 32 * 1024 * 1024;

impl Upload {
    /// Sends the file. When that fails for good, or cannot be gone on with, what was sent is given up.
    pub(super) async fn send_parts(
        &self,
        source: Source,
        mut journal: Option<&mut Journal>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Sent, Error> {
        let cut = Cut::new(source.size(), self.part_size);
        let begun = self.begin(&source, cut, journal.as_deref_mut(), warnings).await?;
        let place = self.place_of(&begun.upload_id);
        let result = self.transfer(source, cut, place, &begun.parts, journal.as_deref_mut()).await;
        let goes_on = result.as_ref().is_err_and(|error| journal.is_some() && may_go_on(error));
        if result.is_err() && !goes_on {
            self.give_up(place).await;
        }
        if let Some(journal) = journal.filter(|_| !goes_on) {
            journal.remove();
        }
        result
    }

    /// The upload to go on with, or a new one. Who has the journal is the only one here who uploads to this key, so all
    /// others are left over from a crash.
    async fn begin(
        &self,
        source: &Source,
        cut: Cut,
        journal: Option<&mut Journal>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Saved, Error> {
        let Some(journal) = journal else { return self.begin_anew().await };
        let target = journal.target().clone();
        let subject = Subject { target, file: source.identity().clone(), part_size: cut.part_size };
        let known = match journal.load(&subject) {
            Some(saved) => self.still_there(saved, cut).await?,
            None => None,
        };
        let begun = match known {
            Some(saved) => saved,
            None => self.begin_anew().await?,
        };
        if let Err(error) = journal.begin(&subject, &begun) {
            warnings.extend(self.journal_dir.as_deref().map(|folder| unusable(folder, &error)));
        }
        // Only now, because a begin whose answer was lost and that was repeated has left an upload behind, too.
        self.clean_up(Some(&begun.upload_id)).await;
        Ok(begun)
    }

    async fn begin_anew(&self) -> Result<Saved, Error> {
        let upload_id = self.obs.begin_multipart(&self.bucket, &self.key).await?;
        Ok(Saved { upload_id, parts: BTreeMap::new() })
    }

    /// What the store still has of an upload; `None` if it knows nothing of it, or does not say.
    async fn still_there(&self, mut saved: Saved, cut: Cut) -> Result<Option<Saved>, Error> {
        let listed = match self.obs.list_parts(self.place_of(&saved.upload_id)).await {
            Ok(listed) => listed,
            Err(error) if error.is_retryable() || error.is_unauthenticated() => return Err(error),
            Err(error) => {
                tracing::info!(%error, "the upload that the journal names cannot be gone on with");
                return Ok(None);
            }
        };
        saved.parts.retain(|number, part| {
            listed.get(number).is_some_and(|listed| {
                listed.size == cut.size_of(*number) && unquoted(&listed.etag) == unquoted(&part.etag)
            })
        });
        Ok(Some(saved))
    }

    /// Gives up all uploads of this key but the one to keep. That this cannot be done is no reason not to upload.
    pub(super) async fn clean_up(&self, keep: Option<&str>) {
        let uploads = match self.obs.list_uploads(&self.bucket, &self.key).await {
            Ok(uploads) => uploads,
            Err(error) => return tracing::info!(%error, "uploads that were left behind cannot be listed"),
        };
        for upload_id in uploads.iter().filter(|found| Some(found.as_str()) != keep) {
            self.give_up(self.place_of(upload_id)).await;
        }
    }

    async fn give_up(&self, place: Place<'_>) {
        if let Err(error) = self.obs.abort_multipart(place).await {
            tracing::warn!(%error, upload_id = place.upload_id, "parts of an upload stay in the bucket");
        }
    }

    /// Reads, hashes and sends at the same time, then makes the object.
    async fn transfer(
        &self,
        source: Source,
        cut: Cut,
        place: Place<'_>,
        known: &BTreeMap<u32, SavedPart>,
        journal: Option<&mut Journal>,
    ) -> Result<Sent, Error> {
        let fitting = usize::try_from(MEMORY / cut.part_size).unwrap_or(usize::MAX);
        let in_flight = self.in_flight.min(fitting).max(1);
        let meter = Arc::new(Meter::start(self.progress.clone(), Phase::Upload, cut.size));
        let journal = &Mutex::new(journal);

        let (parts, whole) = reader::start(source, cut, in_flight + 1);
        // Shared and not borrowed: with a borrow nobody could prove that the whole future may go to another thread.
        let ended = Arc::new(AtomicBool::new(false));
        let parts = stream::unfold((parts, Arc::clone(&ended)), |(mut parts, ended)| async move {
            let part = if ended.load(Ordering::Relaxed) { None } else { parts.recv().await };
            part.map(|part| (part, (parts, ended)))
        });
        let sending = parts.map(|part| {
            let (known, meter) = (known.get(&part.number), Arc::clone(&meter));
            async move {
                let (number, saved, new) = self.send_part(place, part, known, &meter).await?;
                let etag = saved.etag.clone();
                if let Some(journal) = journal.lock().unwrap_or_else(PoisonError::into_inner).as_mut().filter(|_| new) {
                    journal.add(number, saved);
                }
                Ok::<_, Error>((number, etag))
            }
        });
        let mut sending = pin!(sending.buffer_unordered(in_flight));
        let (mut sent, mut failed) = (BTreeMap::new(), None);
        while let Some(result) = sending.next().await {
            match result {
                Ok((number, etag)) => drop(sent.insert(number, etag)),
                Err(error) if !may_go_on(&error) => return Err(error),
                // Nothing more is begun, but what is on its way may arrive: that has not to be sent again.
                Err(error) => {
                    ended.store(true, Ordering::Relaxed);
                    failed.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // A file that could not be read to its end shows here, before anything is made of the parts.
        let (source, checksum) = whole.await?;
        source.require_unchanged()?;
        self.complete(place, &sent, cut.size, checksum).await
    }

    /// Sends a part, unless it is there already and the file still has at this place what was sent.
    async fn send_part(
        &self,
        place: Place<'_>,
        part: Part,
        known: Option<&SavedPart>,
        meter: &Arc<Meter>,
    ) -> Result<(u32, SavedPart, bool), Error> {
        let Part { number, bytes } = part;
        let hashed = bytes.clone();
        let sha256 = background::run(move |_| Checksum::from_digest(Sha256::digest(&hashed).into())).await?;
        if let Some(known) = known.filter(|known| known.sha256.matches(&sha256)) {
            meter.add(bytes.len() as u64);
            return Ok((number, known.clone(), false));
        }
        let etag = self.obs.put_part(place, number, bytes, &sha256, meter).await?;
        Ok((number, SavedPart { etag, sha256 }, true))
    }

    /// Makes the object, unless somebody else has made one meanwhile.
    async fn complete(
        &self,
        place: Place<'_>,
        parts: &BTreeMap<u32, String>,
        size: u64,
        checksum: Checksum,
    ) -> Result<Sent, Error> {
        if !self.replace {
            match self.stored(size, Some(&checksum)).await? {
                Stored::Nothing => {}
                Stored::Same(object, checksum) => {
                    self.give_up(place).await;
                    return Ok(Sent::found(object, checksum));
                }
                Stored::Other => return Err(self.taken()),
            }
        }
        let error = match self.obs.complete_multipart(place, parts).await {
            Ok((etag, request_id)) => return Ok(Sent { etag: Some(etag), request_id, checksum }),
            Err(error) => error,
        };
        // The answer may have been lost: then the first attempt did it, and a repeated one finds no upload any more.
        let unclear = error.is_retryable() || error.is_not_found() || error.kind() == ErrorKind::Unintelligible;
        if !unclear || error.error_code() == Some("NoSuchBucket") {
            return Err(error);
        }
        match self.obs.list_parts(place).await {
            Err(gone) if gone.is_not_found() => {}
            _ => return Err(error),
        }
        match self.stored(size, Some(&checksum)).await? {
            Stored::Same(object, checksum) => Ok(Sent::found(object, checksum)),
            Stored::Other => Err(Error::new(ErrorKind::Mismatch, format!("{} is not what was uploaded", self.place()))
                .with_source(error)
                .with_hint("see that nobody else uploads to this key, then try again")),
            Stored::Nothing => {
                Err(Error::new(ErrorKind::Unavailable, format!("the upload of {} was cancelled", self.place()))
                    .with_source(error)
                    .with_hint("try again; see that nobody else uploads to this key or cleans up the bucket"))
            }
        }
    }

    fn place_of<'a>(&'a self, upload_id: &'a str) -> Place<'a> {
        Place { bucket: &self.bucket, key: &self.key, upload_id }
    }
}

/// True for failures after which the same upload may succeed.
fn may_go_on(error: &Error) -> bool {
    use ErrorKind::{Configuration, Denied, Io, Unauthenticated, Unavailable};
    matches!(error.kind(), Unavailable | Unauthenticated | Denied | Configuration | Io)
}

/// An ETag without its quotes, which lists may leave out.
fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}
