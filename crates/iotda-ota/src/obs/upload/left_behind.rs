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
use crate::obs::journal::{self, Journal, Record, Saved, Stage};
use crate::obs::multipart::Place;
use crate::retry::RetryPolicy;

/// How old an upload is of which nobody here knows before it counts as left behind.
const LONG_AGO: Duration = Duration::from_secs(24 * 60 * 60);

impl Upload {
    /// Cancels what the journal names, and removes the journal; if that cannot be done now, the next upload does it.
    pub(super) async fn clear(&self, journal: &mut Journal) {
        let Some(record) = journal.load() else { return journal.remove() };
        match self.cancel(record).await {
            Ok(()) => journal.remove(),
            Err(error) => tracing::warn!(%error, "parts of an earlier upload stay in the bucket for now"),
        }
    }

    /// Cancels what a record of this target is about.
    pub(super) async fn cancel(&self, record: Record) -> Result<(), Error> {
        match record.stage {
            Stage::Begun(Saved { upload_id, .. }) => self.give_up(self.place_of(&upload_id)).await,
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
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => {
                tracing::info!(%error, "uploads that were left behind cannot be listed");
                return Ok(());
            }
        };
        let ids = listed.into_iter().map(|upload| upload.upload_id);
        for upload_id in ids.filter(|id| !before.contains(id) && Some(id.as_str()) != keep) {
            let place = self.place_of(&upload_id);
            if self.obs.list_parts(place).await.is_ok_and(|parts| parts.is_empty()) {
                self.give_up(place).await?;
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

    /// Removes journals that nobody opened for long, and what they say is in the store.
    pub(super) async fn sweep(&self) {
        let Some(folder) = &self.journal_dir else { return };
        for mut journal in journal::forgotten(folder) {
            let target = journal.target().clone();
            if target.endpoint == self.endpoint()
                && let Some(Record { stage: Stage::Begun(saved), .. }) = journal.load()
            {
                let place = Place { bucket: &target.bucket, key: &target.key, upload_id: &saved.upload_id };
                if let Err(error) = self.obs.clone().retry(RetryPolicy::none()).abort_multipart(place).await {
                    tracing::info!(%error, key = target.key, "parts of an upload of long ago may stay in the bucket");
                }
            }
            journal.remove();
        }
    }

    /// Gives up an upload, and with it what was sent. One that the store refuses to give up stays, because asking again
    /// would not change that.
    pub(super) async fn give_up(&self, place: Place<'_>) -> Result<(), Error> {
        match self.obs.abort_multipart(place).await {
            Err(error) if error.is_retryable() || error.is_unauthenticated() => Err(error),
            Err(error) => {
                tracing::warn!(%error, upload_id = place.upload_id, "parts of an upload stay in the bucket");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    pub(super) fn place_of<'a>(&'a self, upload_id: &'a str) -> Place<'a> {
        Place { bucket: &self.bucket, key: &self.key, upload_id }
    }
}
