//! Credentials that are fetched once, shared, and fetched anew in time.
//!
//! A fetch is a task that belongs to the [`Keeper`] and to no caller: whoever needs its result waits for it, and who gives
//! up waiting ends nothing for the others. It ends when the source answers, at the latest after [`longest`], and with the
//! keeper.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

use super::chain;
use super::{Credentials, CredentialsSource, Reason, SourceError, SourceHttp};
use crate::error::{Error, ErrorKind};
use crate::spans::Course;

/// Credentials in use. Two calls hold the same ones if and only if the pointers are the same.
pub(crate) type Shared = Arc<Credentials>;

/// How a fetch ended, once it has.
type Ended = watch::Receiver<Option<Result<Shared, SourceError>>>;

/// How long a source is left alone after it was asked, while what it gave is still valid.
const PAUSE: Duration = Duration::from_secs(60);

/// Keeps the credentials of one source.
pub(crate) struct Keeper {
    source: Arc<dyn CredentialsSource>,
    http: SourceHttp,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    credentials: Option<Shared>,
    /// When the source was last asked.
    asked: Option<Instant>,
    /// When credentials were last renewed because the service refused them.
    renewed: Option<Instant>,
    underway: Option<Fetch>,
}

/// A fetch under way. Dropping it stops what still waits for the source.
struct Fetch {
    begun: Instant,
    /// Whether somebody waits for it whose credentials were refused.
    renews: bool,
    ended: Ended,
    task: AbortHandle,
}

impl Keeper {
    pub(crate) fn new(source: Arc<dyn CredentialsSource>, http: SourceHttp) -> Self {
        Self { source, http, kept: Arc::default() }
    }

    /// The credentials, fetched if there are none or they have expired. Shortly before that they are fetched anew, while
    /// what is still valid is used on: nobody waits for a source that is slow or away.
    pub(crate) async fn get(&self, course: &Course) -> Result<Shared, Error> {
        let ended = {
            let mut kept = lock(&self.kept);
            if let Some(current) = kept.credentials.clone() {
                let Some(end) = current.expires_at() else { return Ok(current) };
                let left = end.duration_since(Timestamp::now());
                let ahead = SignedDuration::try_from(self.source.refresh_ahead()).unwrap_or_default();
                if left.is_positive() {
                    // A source may have nothing newer yet, so it is not asked all the time.
                    let asked_lately = kept.asked.is_some_and(|asked| asked.elapsed() < PAUSE);
                    if left <= ahead && !asked_lately {
                        self.fetch(&mut kept, course, false);
                    }
                    return Ok(current);
                }
            }
            self.fetch(&mut kept, course, false)
        };
        self.outcome(ended).await
    }

    /// Others in place of `refused` ones, or `None` if the source gives the same again, or gave new ones only just now.
    pub(crate) async fn renew(&self, refused: &Shared, course: &Course) -> Result<Option<Shared>, Error> {
        let ended = {
            let mut kept = lock(&self.kept);
            // Somebody else has renewed them meanwhile, or tried to.
            if let Some(current) = kept.credentials.as_ref().filter(|current| !Arc::ptr_eq(current, refused)) {
                return Ok(other_than(refused, Arc::clone(current)));
            }
            // A service that refuses everything must not make every call fetch anew.
            if kept.renewed.is_some_and(|renewed| renewed.elapsed() < PAUSE) {
                return Ok(None);
            }
            self.fetch(&mut kept, course, true)
        };
        Ok(other_than(refused, self.outcome(ended).await?))
    }

    /// The fetch under way, or a new one.
    fn fetch(&self, kept: &mut Kept, course: &Course, renews: bool) -> Ended {
        let fetch = match kept.underway.take().filter(|fetch| fetch.goes_on(longest(&self.http))) {
            Some(fetch) => fetch,
            None => {
                kept.asked = Some(Instant::now());
                self.begin(course)
            }
        };
        let fetch = kept.underway.insert(fetch);
        fetch.renews |= renews;
        fetch.ended.clone()
    }

    /// Asks the source, on behalf of the attempt that `course` tells of. Whoever calls this holds the lock, so that the
    /// end cannot come before the fetch is kept.
    fn begin(&self, course: &Course) -> Fetch {
        let (tell, ended) = watch::channel(None);
        let (source, kept) = (Arc::clone(&self.source), Arc::clone(&self.kept));
        let http = self.http.with_course(course.clone());
        let longest = longest(&http);
        let task = async move {
            let fetched = timeout(longest, source.fetch(&http)).await.unwrap_or_else(|_| {
                let text = format!("gave nothing within {} s", longest.as_secs_f64());
                Err(SourceError::Unavailable(text.into()))
            });
            tell.send_replace(Some(lock(&kept).end(fetched)));
        };
        let task = tokio::spawn(task.in_current_span().with_current_subscriber());
        Fetch { begun: Instant::now(), renews: false, ended, task: task.abort_handle() }
    }

    /// Waits until a fetch has ended.
    async fn outcome(&self, mut ended: Ended) -> Result<Shared, Error> {
        let outcome = ended.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        // Nobody tells when the source panicked, or when the runtime of the fetch has shut down.
        let stopped = || Err(SourceError::Unavailable(Reason::new("the fetch was stopped")));
        outcome.unwrap_or_else(stopped).map_err(|error| failed(self.source.name(), error))
    }
}

impl Kept {
    /// Keeps what the fetch under way came to. Only a success counts as a renewal, so that after a failure the next one
    /// who is refused asks again.
    fn end(&mut self, fetched: Result<Credentials, SourceError>) -> Result<Shared, SourceError> {
        let renews = self.underway.take().is_some_and(|fetch| fetch.renews);
        let fetched = Arc::new(fetched?);
        self.credentials = Some(Arc::clone(&fetched));
        if renews {
            self.renewed = Some(Instant::now());
        }
        Ok(fetched)
    }
}

impl Fetch {
    /// False if nobody will ever tell of it: its runtime has shut down, or does not run.
    fn goes_on(&self, longest: Duration) -> bool {
        self.ended.has_changed().is_ok() && self.begun.elapsed() <= longest
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The task holds what is kept, so it would go on.
        lock(&self.kept).underway = None;
    }
}

/// How long a fetch may take. The requests of sources have limits of their own; this one is for a source that has none.
fn longest(http: &SourceHttp) -> Duration {
    http.timeout.saturating_mul(2).max(Duration::from_secs(60))
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // A panic elsewhere cannot leave this state half written.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        SourceError::Unintelligible(reason) => {
            let usual = "check the address that was asked, and that no proxy answers in its place";
            (ErrorKind::Unintelligible, reason.hint().unwrap_or(usual))
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
