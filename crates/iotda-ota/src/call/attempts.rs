//! The attempts of one call: credentials, turn, request, and what happens between two of them.
//!
//! [`run`] is the whole course of an operation that may be repeated; `once` builds the one of creates from the same
//! [`Attempts`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

use super::options::CallOptions;
use super::{Call, Operation};
use crate::auth::Secret;
use crate::auth::keeper::Shared;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::ProjectId;
use crate::response::Response;
use crate::retry::{self, RetryPolicy};
use crate::spans::{self, Course};

/// Runs an operation that may be repeated until it succeeds, fails for good, or the policy ends it.
pub(crate) async fn run<T, F: Future<Output = Result<Response<T>, Error>>>(
    client: &Client,
    operation: Operation,
    options: &CallOptions,
    attempt: impl Fn(Arc<Call>) -> F,
) -> Result<Response<T>, Error> {
    let mut attempts = Attempts::new(client, operation, options);
    let span = attempts.span();
    let course = async {
        loop {
            match attempts.make(&attempt).await {
                Err(error) if attempts.pause(&error).await => {}
                result => return attempts.counted(result),
            }
        }
    };
    course.instrument(span).await
}

/// One call with all its attempts.
pub(crate) struct Attempts<'a> {
    client: &'a Client,
    operation: Operation,
    policy: RetryPolicy,
    timeout: Duration,
    started: Instant,
    deadline: Option<Instant>,
    course: Course,
    renewed: bool,
    /// Whether any of them may have been carried out.
    acted: bool,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(client: &'a Client, operation: Operation, options: &CallOptions) -> Self {
        let options = options.begun();
        Self {
            client,
            operation,
            policy: options.retry.unwrap_or_else(|| client.retry().clone()),
            timeout: options.timeout.unwrap_or(client.timeout()),
            started: Instant::now(),
            deadline: options.end,
            course: Course::default(),
            renewed: false,
            acted: false,
        }
    }

    /// The span of the whole call.
    pub(crate) fn span(&self) -> tracing::Span {
        spans::call(self.operation.name)
    }

    /// How many attempts were made. One that was made again with new credentials counts once.
    pub(crate) fn made(&self) -> u32 {
        self.course.number
    }

    /// The same limits for other calls that belong to this one and begin now. They share the time of the policy; when that
    /// is over they have as much as one attempt, so that the last one can still be looked up.
    pub(crate) fn limits(&self) -> CallOptions {
        let one_more = Instant::now().checked_add(self.timeout);
        let policy = self.policy.end(self.started).zip(one_more).map(|(end, one_more)| end.max(one_more));
        CallOptions {
            retry: Some(self.policy.clone()),
            timeout: Some(self.timeout),
            deadline: None,
            end: policy.into_iter().chain(self.deadline).min(),
        }
    }

    /// Makes one attempt. Credentials that were refused with 401 and can be fetched anew are renewed once in a call, and
    /// the attempt is made again; a refused one did nothing. When new ones cannot be had, that is what the attempt ends
    /// with: an outage of whoever gives them passes, and the next attempt asks again.
    pub(crate) async fn make<T, F: Future<Output = Result<Response<T>, Error>>>(
        &mut self,
        attempt: &impl Fn(Arc<Call>) -> F,
    ) -> Result<Response<T>, Error> {
        self.course.number += 1;
        // On the heap, because what calls it nests deeply and would carry it along on the stack.
        let result = Box::pin(self.authenticated(attempt)).await;
        // What led to this attempt did not lead to the next.
        self.course = Course { number: self.course.number, ..Course::default() };
        result
    }

    async fn authenticated<T, F: Future<Output = Result<Response<T>, Error>>>(
        &mut self,
        attempt: &impl Fn(Arc<Call>) -> F,
    ) -> Result<Response<T>, Error> {
        let session = self.client.session();
        let begun = Instant::now();
        let course = &self.course;
        let identity = async { Ok((session.credentials(course).await?, session.project_id(course).await?)) };
        let (credentials, project_id) = self.within(identity).await?;
        // Whoever fetches credentials takes that from the time of the attempt, but not from that of the next one.
        let left = self.timeout.saturating_sub(begun.elapsed());
        let refused = match self.send(&credentials, &project_id, left, attempt).await {
            Err(error) if error.is_unauthenticated() && !self.renewed => error,
            result => return result,
        };
        let course = self.course.renewed(&refused);
        match self.within(session.renew(&credentials, &course)).await {
            Ok(Some(fresh)) => {
                self.renewed = true;
                self.course = course;
                self.send(&fresh, &project_id, self.timeout, attempt).await
            }
            Ok(None) => Err(refused),
            Err(error) => Err(error.after_refusal(&refused)),
        }
    }

    /// Takes a turn and sends.
    async fn send<T, F: Future<Output = Result<Response<T>, Error>>>(
        &mut self,
        credentials: &Shared,
        project_id: &ProjectId,
        timeout: Duration,
        attempt: &impl Fn(Arc<Call>) -> F,
    ) -> Result<Response<T>, Error> {
        let turn = self.client.limiter().turn();
        let _turn = match self.deadline {
            None => turn.await,
            Some(deadline) => timeout_at(deadline, turn).await.map_err(|_| {
                self.late("the client's own rate limit left no time for the request")
                    .with_hint("allow the call more time, or the client more requests")
            })?,
        };
        let timeout = match self.deadline {
            None => timeout,
            Some(deadline) => timeout.min(deadline.saturating_duration_since(Instant::now())),
        };
        let scheme = match credentials.secret() {
            Secret::AccessKey(_) => self.client.session().scheme().name(),
            Secret::Token(_) => "token",
        };
        let span = spans::attempt(self.operation.name, &self.course, Some(scheme));
        let http = self.client.http().map_err(|error| error.with_operation(self.operation.name))?.clone();
        let call = Call::new(
            self.client,
            http,
            (self.operation, self.course.clone()),
            project_id.clone(),
            Arc::clone(credentials),
            timeout,
        );
        let result = attempt(call).instrument(span).await;
        self.acted |= result.as_ref().is_err_and(Error::may_have_acted);
        result
    }

    /// Waits for something that comes before a request, no longer than an attempt may take.
    async fn within<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let end = Instant::now().checked_add(self.timeout);
        let result = match end.into_iter().chain(self.deadline).min() {
            None => future.await,
            Some(end) => match timeout_at(end, future).await {
                Ok(result) => result,
                Err(_) => Err(self
                    .late("no credentials within the time limit")
                    .with_hint("try again, or allow one attempt more time (--timeout)")),
            },
        };
        result.map_err(|error| error.with_operation(self.operation.name))
    }

    /// The error of an attempt that ended before anything was sent.
    fn late(&self, message: &str) -> Error {
        Error::new(ErrorKind::Unavailable, message).with_operation(self.operation.name)
    }

    /// Waits before the next attempt, if there is to be one after this error; false means that it is the last word.
    pub(crate) async fn pause(&mut self, error: &Error) -> bool {
        // Of the refusals only throttling is repeated, and 408 is one that says nothing about the moment.
        let is_refused = error.status() == Some(StatusCode::REQUEST_TIMEOUT.as_u16());
        if is_refused || !error.is_retryable() && error.unclear().is_none() {
            return false;
        }
        let number = self.course.number;
        let Some(waited) = retry::pause(&self.policy, self.started, self.deadline, number, error).await else {
            return false;
        };
        self.course.waited = waited;
        self.course.because = Some(error.in_short());
        true
    }

    /// The next attempt follows without a wait, for this reason.
    pub(crate) fn again(&mut self, because: &str) {
        self.course.waited = Duration::ZERO;
        self.course.because = Some(because.to_owned());
    }

    /// Waits a moment that differs from caller to caller, so that what is under way elsewhere can end; false if the
    /// deadline is too near.
    pub(crate) async fn moment(&self) -> bool {
        let moment = self.policy.moment(fastrand::f64());
        if !retry::is_in_time(self.deadline, moment) {
            return false;
        }
        sleep(moment).await;
        true
    }

    /// Tells a result how many attempts it took.
    pub(crate) fn counted<T>(&self, result: Result<Response<T>, Error>) -> Result<Response<T>, Error> {
        let (made, acted) = (self.made(), self.acted);
        result.map(|response| response.with_attempts(made)).map_err(|error| error.with_attempts(made).with_acted(acted))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const OPERATION: Operation = Operation { name: "test", creates: true, names_one: false };

    #[tokio::test(start_paused = true)]
    async fn what_belongs_to_a_call_shares_its_time_and_the_last_of_it_has_that_of_an_attempt() {
        let seconds = Duration::from_secs;
        let client = Client::builder().endpoint("https://iotda.example").project_id("fake-project").build().unwrap();
        let retry = Some(RetryPolicy::default().max_time(seconds(100)));
        let options = CallOptions { retry, timeout: Some(seconds(60)), ..CallOptions::default() };
        let attempts = Attempts::new(&client, OPERATION, &options);
        let started = Instant::now();
        assert_eq!(attempts.limits().end, Some(started + seconds(100)));
        sleep(seconds(90)).await;
        assert_eq!(attempts.limits().end, Some(started + seconds(150)));

        let deadline = CallOptions { deadline: Some(seconds(30)), ..options };
        assert_eq!(Attempts::new(&client, OPERATION, &deadline).limits().end, Some(started + seconds(120)));
        let endless = CallOptions { timeout: Some(Duration::MAX), deadline: None, ..deadline };
        assert_eq!(Attempts::new(&client, OPERATION, &endless).limits().end, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_tells_the_reason_of_its_own_wait_and_of_no_earlier_one() {
        let builder = Client::builder().endpoint("http://127.0.0.1:9").project_id("fake-project").token("fake-token");
        let client = builder.build().unwrap();
        let mut attempts = Attempts::new(&client, OPERATION, &CallOptions::default());
        let seen = RefCell::new(Vec::new());
        let attempt = |call: Arc<Call>| {
            seen.borrow_mut().push((call.course.number, call.course.because.is_some()));
            async { Err::<Response<()>, _>(Error::new(ErrorKind::Unavailable, "away")) }
        };
        let error = attempts.make(&attempt).await.unwrap_err();
        assert!(attempts.pause(&error).await);
        for _ in 0..2 {
            attempts.make(&attempt).await.unwrap_err();
        }
        assert_eq!(seen.into_inner(), [(1, false), (2, true), (3, false)]);
    }
}
