//! Upload of a larger file: in parts, several at a time, going on where an earlier upload was broken off.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};

use super::left_behind::unless_refused;
use super::reader::{self, Cut, Part};
use super::{Sent, Stored, Upload, unusable};
use crate::error::{Error, ErrorKind};
use crate::model::Checksum;
use crate::obs::background;
use crate::obs::file::Source;
use crate::obs::get::unquoted;
use crate::obs::journal::{Journal, Record, Saved, SavedPart, Stage, Subject};
use crate::obs::multipart::{Place, is_gone};
use crate::progress::{Meter, Phase};
use crate::validate::Warning;

/// How much memory the parts on their way may take, unless a single one takes more.
const MEMORY: u64 = 32 * 1024 * 1024;

/// How often an upload is begun in all, should somebody cancel it again and again.
const BEGINS: u32 = 4;

impl Upload {
    /// Sends the file. When that fails for good, or cannot be gone on with, what was sent is given up. When somebody else
    /// cancels the upload, it is begun anew.
    pub(super) async fn send_parts(
        &self,
        source: &Source,
        mut journal: Option<&mut Journal>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Sent, Error> {
        let cut = Cut::new(source.size(), self.part_size);
        let meter = Arc::new(Meter::start(self.progress.clone(), Phase::Upload, cut.size));
        let mut begins = 0;
        loop {
            begins += 1;
            // What was sent before is in vain, and told again only when there is more.
            meter.take_back(cut.size);
            let begun = self.begin(source, cut, journal.as_deref_mut(), warnings).await?;
            let place = self.place_of(&begun.upload_id);
            let error = match self.transfer(source, cut, &begun, &meter, journal.as_deref_mut()).await {
                Err(error) if is_gone(&error) => error,
                result => return self.ended(result, place, journal).await,
            };
            tracing::warn!(upload_id = place.upload_id, "somebody else completed or cancelled the upload");
            // Whoever did may have stored the same file.
            let result = match self.stored(source).await? {
                Stored::Same(object, checksum) => Ok(Sent::found(object, checksum)),
                Stored::Other if !self.replace => Err(self.taken()),
                _ if begins < BEGINS => continue,
                _ => Err(self.cancelled(error)),
            };
            return self.ended(result, place, journal).await;
        }
    }

    /// Gives up what was sent and forgets it, unless it is an object now or can be gone on with.
    async fn ended(
        &self,
        result: Result<Sent, Error>,
        place: Place<'_>,
        journal: Option<&mut Journal>,
    ) -> Result<Sent, Error> {
        let done = match &result {
            Ok(sent) if !sent.found => Ok(()),
            Err(error) if journal.is_some() && may_go_on(error) => return result,
            _ => self.give_up(place).await,
        };
        match (done, journal) {
            (Ok(()), Some(journal)) => journal.remove(),
            (Ok(()), None) => {}
            // With a journal, the next upload to this key does it.
            (Err(error), _) => tracing::warn!(%error, "parts of the upload stay in the bucket for now"),
        }
        result
    }

    fn cancelled(&self, error: Error) -> Error {
        let message = format!("the upload of {} was cancelled {BEGINS} times by somebody else", self.place());
        Error::new(ErrorKind::Unavailable, message)
            .with_source(error)
            .with_hint("try again; see that nobody else uploads to this key or cleans up the bucket")
    }

    /// The upload to go on with, or a new one. What the journal says of another one is of no use any more.
    async fn begin(
        &self,
        source: &Source,
        cut: Cut,
        journal: Option<&mut Journal>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Saved, Error> {
        let Some(journal) = journal else { return Ok(self.begin_anew().await?.0) };
        let target = journal.target().clone();
        let subject = Subject { target, file: source.identity().clone(), part_size: cut.part_size };
        let known = match journal.load() {
            Some(Record { subject: found, stage: Stage::Begun(saved) }) if found == subject => {
                self.still_there(saved, cut).await?
            }
            Some(record) => {
                unless_refused(self.cancel(&record).await)?;
                None
            }
            None => None,
        };
        let begun = match known {
            Some(saved) => saved,
            None => {
                let before = self.others().await;
                self.warn(journal.intend(&subject, before.clone()), warnings);
                let (begun, attempts) = match self.begin_anew().await {
                    Ok(begun) => begun,
                    Err(error) => {
                        // What may have been begun in spite of that is told apart by the journal.
                        if !error.is_retryable() {
                            self.clear(journal).await;
                        }
                        return Err(error);
                    }
                };
                if attempts > 1 {
                    // One whose answer was lost was begun, too.
                    unless_refused(self.cancel_unnamed(before.as_deref(), Some(&begun.upload_id)).await)?;
                }
                begun
            }
        };
        self.warn(journal.begin(&subject, &begun), warnings);
        Ok(begun)
    }

    /// Warns once of a folder that cannot be written to.
    fn warn(&self, result: io::Result<()>, warnings: &mut Vec<Warning>) {
        let warning = |error| self.journal_dir.as_deref().map(|folder| unusable(folder, &error));
        warnings.extend(result.err().and_then(warning).filter(|warning| !warnings.contains(warning)));
    }

    /// A new upload, and how many attempts it took.
    async fn begin_anew(&self) -> Result<(Saved, u32), Error> {
        let (upload_id, attempts) = self.obs.begin_multipart(&self.bucket, &self.key).await?;
        Ok((Saved { upload_id, parts: BTreeMap::new() }, attempts))
    }

    /// What the store still has of an upload; `None` if it knows nothing of it, or does not say. Then it is given up.
    async fn still_there(&self, mut saved: Saved, cut: Cut) -> Result<Option<Saved>, Error> {
        let place = self.place_of(&saved.upload_id);
        let listed = match self.obs.list_parts(place).await {
            Ok(listed) => listed,
            Err(error) if error.is_retryable() || error.is_unauthenticated() => return Err(error),
            Err(error) => {
                tracing::info!(%error, "the upload that the journal names cannot be gone on with");
                if !is_gone(&error) {
                    self.give_up(place).await?;
                }
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

    /// Reads, hashes and sends at the same time, then makes the object.
    async fn transfer(
        &self,
        source: &Source,
        cut: Cut,
        begun: &Saved,
        meter: &Arc<Meter>,
        journal: Option<&mut Journal>,
    ) -> Result<Sent, Error> {
        let (place, known) = (self.place_of(&begun.upload_id), &begun.parts);
        let fitting = usize::try_from(MEMORY / cut.part_size).unwrap_or(usize::MAX);
        let in_flight = self.in_flight.min(fitting).max(1);
        let journal = &Mutex::new(journal);

        let (parts, whole) = reader::start(source.clone(), cut, in_flight + 1);
        // Shared and not borrowed: with a borrow nobody could prove that the whole future may go to another thread.
        let ended = Arc::new(AtomicBool::new(false));
        let parts = stream::unfold((parts, Arc::clone(&ended)), |(mut parts, ended)| async move {
            let part = if ended.load(Ordering::Relaxed) { None } else { parts.recv().await };
            part.map(|part| (part, (parts, ended)))
        });
        let sending = parts.map(|part| {
            let known = known.get(&part.number);
            async move {
                let (number, saved, new) = self.send_part(place, part, known, meter).await?;
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
        let checksum = whole.await?;
        source.require_unchanged()?;
        self.complete(place, &sent, source, checksum).await
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
        source: &Source,
        checksum: Checksum,
    ) -> Result<Sent, Error> {
        if !self.replace {
            match self.stored(source).await? {
                Stored::Nothing => {}
                Stored::Same(object, checksum) => return Ok(Sent::found(object, checksum)),
                Stored::Other => return Err(self.taken()),
            }
        }
        let error = match self.obs.complete_multipart(place, parts).await {
            Ok((etag, request_id)) => return Ok(Sent { etag: Some(etag), request_id, checksum, found: false }),
            Err(error) => error,
        };
        // The answer may have been lost: then the first attempt did it, and a repeated one finds no upload any more.
        let unclear = error.is_retryable() || error.is_not_found() || error.kind() == ErrorKind::Unintelligible;
        if !unclear || error.error_code() == Some("NoSuchBucket") {
            return Err(error);
        }
        match self.obs.list_parts(place).await {
            Err(gone) if is_gone(&gone) => Err(gone),
            _ => Err(error),
        }
    }
}

/// True for failures after which the same upload may succeed.
fn may_go_on(error: &Error) -> bool {
    use ErrorKind::{Configuration, Denied, Io, Unauthenticated, Unavailable};
    matches!(error.kind(), Unavailable | Unauthenticated | Denied | Configuration | Io)
}
