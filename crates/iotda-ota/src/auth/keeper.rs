//! Credentials that are fetched once, shared, and fetched anew in time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::chain;
use super::{Credentials, CredentialsSource, SourceError, SourceHttp};
use crate::error::{Error, ErrorKind};

/// Credentials in use. Two calls hold the same ones if and only if the pointers are the same.
pub(crate) type Shared = Arc<Credentials>;

/// How long a source is left alone after it was asked, while what it gave is still valid.
const PAUSE: Duration = Duration::from_secs(60);

/// Keeps the credentials of one source.
pub(crate) struct Keeper {
    source: Arc<dyn CredentialsSource>,
    http: SourceHttp,
    /// Held while they are fetched, so that callers who come meanwhile share the one fetch.
    current: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    credentials: Option<Shared>,
    /// When they were last fetched, or should have been.
    asked: Option<Instant>,
    /// When credentials were last renewed because the service refused them.
    renewed: Option<Instant>,
    /// The last fetch, if it failed: when it ended, and how.
    failed: Option<(Instant, SourceError)>,
}

impl Keeper {
    pub(crate) fn new(source: Arc<dyn CredentialsSource>, http: SourceHttp) -> Self {
        Self { source, http, current: Mutex::default() }
    }

    /// The credentials, fetched anew if they are about to expire.
    pub(crate) async fn get(&self) -> Result<Shared, Error> {
        let came = Instant::now();
        let mut kept = self.current.lock().await;
        let Some(current) = kept.credentials.clone() else { return self.fetch(&mut kept, came).await };
        let Some(end) = current.expires_at() else { return Ok(current) };
        let left = end.duration_since(Timestamp::now());
        let ahead = SignedDuration::try_from(self.source.refresh_ahead()).unwrap_or_default();
        // A source may have nothing newer yet, or be away; what is still valid is used, and it is not asked all the time.
        let asked_lately = kept.asked.is_some_and(|asked| asked.elapsed() < PAUSE);
        if left > ahead || left.is_positive() && asked_lately {
            return Ok(current);
        }
        match self.fetch(&mut kept, came).await {
            Err(_) if left.is_positive() => Ok(current),
            result => result,
        }
    }

    /// Others in place of `refused` ones, or `None` if the source gives the same again, or gave new ones only just now.
    pub(crate) async fn renew(&self, refused: &Shared) -> Result<Option<Shared>, Error> {
        let came = Instant::now();
        let mut kept = self.current.lock().await;
        // Somebody else has renewed them meanwhile, or tried to.
        if let Some(current) = kept.credentials.as_ref().filter(|current| !Arc::ptr_eq(current, refused)) {
            return Ok(other_than(refused, Arc::clone(current)));
        }
        // A service that refuses everything must not make every call fetch anew.
        if kept.renewed.is_some_and(|renewed| renewed.elapsed() < PAUSE) {
            return Ok(None);
        }
        kept.renewed = Some(came);
        Ok(other_than(refused, self.fetch(&mut kept, came).await?))
    }

    /// Asks the source, unless it failed while the caller, who `came` before, was waiting: then that is the answer for
    /// all who waited.
    async fn fetch(&self, kept: &mut Kept, came: Instant) -> Result<Shared, Error> {
        if let Some((_, error)) = kept.failed.as_ref().filter(|(ended, _)| *ended >= came) {
            return Err(failed(self.source.name(), error.clone()));
        }
        kept.asked = Some(Instant::now());
        match self.source.fetch(&self.http).await {
            Ok(fetched) => {
                kept.failed = None;
                Ok(Arc::clone(kept.credentials.insert(Arc::new(fetched))))
            }
            Err(error) => {
                kept.failed = Some((Instant::now(), error.clone()));
                Err(failed(self.source.name(), error))
            }
        }
    }
}

/// Credentials that differ from those that were refused, or none.
fn other_than(refused: &Shared, fresh: Shared) -> Option<Shared> {
    (!fresh.secret().is_same(refused.secret())).then_some(fresh)
}

/// The error of a call whose credentials could not be had.
fn failed(source: &str, error: SourceError) -> Error {
    let (kind, hint) = match &error {
        SourceError::Broken(_) => {
            (ErrorKind::Configuration, "correct what is named, or take it away so that the next source is asked")
        }
        SourceError::Unavailable(reason) => {
            let usual = match reason.status() {
                Some(_) => "wait a little and try again",
                None => "check the network, the address and the proxy variables (HTTPS_PROXY), then try again",
            };
            (ErrorKind::Unavailable, reason.hint().unwrap_or(usual))
        }
        SourceError::Refused(reason) => {
            (ErrorKind::Unauthenticated, reason.hint().unwrap_or("check the credentials that were sent there"))
        }
        SourceError::Absent(_) => {
            (ErrorKind::Unauthenticated, "give an IAM token, an access key, or a user name and password")
        }
    };
    // What a chain says names its sources itself.
    let message =
        if source == chain::NAME { "no credentials".to_owned() } else { format!("no credentials ({source})") };
    let (hint, delay) = (hint.to_owned(), error.retry_after());
    Error::new(kind, message).with_source(error).with_hint(hint).with_retry_after(delay)
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("source", &self.source.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
