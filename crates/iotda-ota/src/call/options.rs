//! What a caller may set for one call: how often it is tried, and how long it may take.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::error::{Error, ErrorKind};
use crate::retry::RetryPolicy;

/// What was set for one call; the client's settings hold for the rest.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOptions {
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    /// The end of the call to which this one belongs.
    pub(crate) end: Option<Instant>,
}

impl CallOptions {
    /// These limits for several calls that begin now and share the time that one may take.
    pub(crate) fn begun(&self) -> Self {
        // A moment that no clock can show is no limit.
        let end = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        Self { deadline: None, end: end.into_iter().chain(self.end).min(), ..self.clone() }
    }

    /// The same for what has to be done after the time is over, too.
    pub(crate) fn without_end(&self) -> Self {
        Self { deadline: None, end: None, ..self.clone() }
    }

    /// Runs a step of such calls that heeds no limit itself; nothing may be left open when it is given up.
    pub(crate) async fn within<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let Some(end) = self.end else { return step.await };
        timeout_at(end, step).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unavailable, "the deadline passed").with_hint("try again, or allow more time"))
        })
    }
}

/// The setters that every operation's builder has, for a builder whose field `options` is a [`CallOptions`].
macro_rules! call_options {
    () => {
        /// How often this call is tried, and with which delays; as the client is set otherwise.
        pub fn retry(mut self, policy: $crate::retry::RetryPolicy) -> Self {
            self.options.retry = Some(policy);
            self
        }

        /// How long one attempt of this call may take; as the client is set otherwise.
        pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.timeout = Some(timeout);
            self
        }

        /// How long this call may take in all, whatever is done for it: credentials, turns, attempts, delays, look-ups.
        /// Nothing is waited for that would come too late.
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.options.deadline = Some(deadline);
            self
        }
    };
    // For builders that other calls make, too.
    (lent) => {
        /// The same for all of them at once.
        pub(crate) fn with_options(mut self, options: &$crate::call::CallOptions) -> Self {
            self.options = options.clone();
            self
        }
    };
}

pub(crate) use call_options;
