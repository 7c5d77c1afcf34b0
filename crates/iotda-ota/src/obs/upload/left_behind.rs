//! Uploads in parts that were left in the bucket, and which of them may be cancelled.
//!
//! A store does not say who is at an upload, and two machines may upload to the same key at the same moment, each with
//! state of its own. So cancelled is only what is known to be of no use to anybody: what a journal in our own folder
//! names, what was begun in our name without that its id got into the journal (see `obs/journal`), and what was begun so
//! long ago that nobody can be at it any more.

use std::time::Duration;

use jiff::Timestamp;

use super::Upload;
use crate::error::Error;
use crate::obs::journal::{self, Journal, Record, Saved, Stage, Target};
use crate::obs::multipart::Place;
use crate::retry::RetryPolicy;

/// How old an upload is of which nobody here knows before it counts as left behind.
const LONG_AGO: Duration = Duration::from_secs(24 * 60 * 60);

impl Upload {
    /// Cancels what the journal names, and removes the journal; if that cannot be done now, the next upload does it.
    pub(super) async fn clear(&self, journal: &mut Journal) {
        let Some(record) = journal.load() else { return journal.remove() };
        match unless_refused(self.cancel(&record).await) {
            Ok(()) => journal.remove(),
            Err(error) => tracing::info!(%error, "the next upload cancels what an earlier one left in the bucket"),
        }
    }

    /// Cancels what a record of this target is about. Done means that nothing of it is in the store any more, as far as
    /// that can be told.
    pub(super) async fn cancel(&self, record: &Record) -> Result<(), Error> {
        match &record.stage {
            Stage::Begun(Saved { upload_id, .. }) => self.abort(self.place_of(upload_id)).await,
            Stage::Intended { before } => self.cancel_unnamed(before.as_deref(), None).await,
        }
    }

    /// Cancels uploads that were begun since there were only those of `before`, and that nobody has sent anything to yet;
    /// but not the one to keep.
    ///
    /// Somebody else may have begun one of these a moment ago. They lose no part then, and begin anew.
    pub(super) async fn cancel_unnamed(&self, before: Option<&[String]>, keep: Option<&str>) -> Result<(), Error> {
        let Some(before) = before else { return Ok(()) };
        let listed = match self.obs.list_uploads(&self.bucket, &self.key).await {
            Ok(listed) => listed,
            // They went with the bucket.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => {
                tracing::info!(%error, "uploads that were left behind cannot be listed");
                return Err(error);
            }
        };
        let ids = listed.into_iter().map(|upload| upload.upload_id);
        for upload_id in ids.filter(|id| !before.contains(id) && Some(id.as_str()) != keep) {
            let place = self.place_of(&upload_id);
            match self.obs.list_parts(place).await {
                Ok(parts) if parts.is_empty() => self.abort(place).await?,
                Ok(_) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The uploads of this key that the store has, after those that were begun long ago are cancelled; `None` if it does
    /// not tell. That this cannot be done is no reason not to upload.
    pub(super) async fn others(&self) -> Option<Vec<String>> {
        let listed = match self.obs.list_uploads(&self.bucket, &self.key).await {
            Ok(listed) => listed,
            Err(error) => {
                tracing::info!(%error, "uploads of the same key cannot be listed");
                return None;
            }
        };
        let now = Timestamp::now();
        let mut others = Vec::new();
        for upload in listed {
            let age = upload.initiated.and_then(|begun| Duration::try_from(now.duration_since(begun)).ok());
            let long_ago = age.is_some_and(|age| age > LONG_AGO);
            if !(long_ago && self.give_up(self.place_of(&upload.upload_id)).await.is_ok()) {
                others.push(upload.upload_id);
            }
        }
        Some(others)
    }

    /// Cancels what journals name that nobody opened for long, and removes these. A journal stays when its upload cannot be
    /// cancelled, which is tried again when it is as old once more, and when it is of another store.
    pub(super) async fn sweep(&self) {
        let Some(folder) = &self.journal_dir else { return };
        for mut journal in journal::forgotten(folder) {
            let Target { endpoint, bucket, key } = journal.target().clone();
            if endpoint != self.endpoint() {
                continue;
            }
            let Some(record) = journal.load() else {
                journal.remove();
                continue;
            };
            let theirs = Self { bucket, key, obs: self.obs.clone().retry(RetryPolicy::none()), ..self.clone() };
            match theirs.cancel(&record).await {
                Ok(()) => journal.remove(),
                Err(error) => {
                    tracing::info!(%error, key = theirs.key, "an upload of long ago cannot be cancelled now");
                    journal.put_off();
                }
            }
        }
    }

    /// Gives up an upload, and with it what was sent.
    pub(super) async fn give_up(&self, place: Place<'_>) -> Result<(), Error> {
        unless_refused(self.abort(place).await)
    }

    async fn abort(&self, place: Place<'_>) -> Result<(), Error> {
        let result = self.obs.abort_multipart(place).await;
        result.inspect_err(
            |error| tracing::warn!(%error, upload_id = place.upload_id, "parts of an upload stay in the bucket"),
        )
    }

    pub(super) fn place_of<'a>(&'a self, upload_id: &'a str) -> Place<'a> {
        Place { bucket: &self.bucket, key: &self.key, upload_id }
    }
}

/// What came of cancelling, for an upload that has to go on. What the store refuses to cancel or to list stays, because
/// asking again would not change that.
pub(super) fn unless_refused(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if !error.is_retryable() && !error.is_unauthenticated() => Ok(()),
        result => result,
    }
}
