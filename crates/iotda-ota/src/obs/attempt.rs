//! Sending a request to OBS: as often as the policy allows, within its limits, and told of.
//!
//! [`Obs::call`] makes attempts and reads the answer to its end; [`Obs::repeat`] with [`Obs::open`] leaves the body, an
//! object's content, to the caller, who takes it with [`Obs::next`].
//!
//! Three limits hold. What carries no content has to be done within the time of an attempt. Content may take longer, but
//! some of it has to move (`watch`). And nothing goes on after the end of the call.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use tracing::Instrument;

use super::request::Request;
use super::watch::{BLOCK, Over, Watch};
use super::{Obs, refusal};
use crate::auth::Credentials;
use crate::call::{Operation, redirected};
use crate::error::service;
use crate::error::{Error, ErrorKind};
use crate::retry;
use crate::spans::{self, Course, Underway};

/// The longest answer that is read; a page of a thousand parts stays well below.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// What logs call the signature of OBS.
const SCHEME: &str = "OBS";

/// An answer whose status says success; the body is not read yet.
pub(super) struct Answer {
    pub(super) response: reqwest::Response,
    request_id: Option<String>,
    begun: Instant,
    /// Tells of the attempt when it is over.
    _underway: Underway,
}

/// An answer whose status says success, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) request_id: Option<String>,
    /// Which attempt it answers, from 1.
    pub(super) attempt: u32,
}

impl Obs {
    /// Sends a request, and repeats it as the policy says.
    pub(super) async fn call(&self, request: &Request<'_>) -> Result<Reply, Error> {
        self.repeat(request, |course| self.reply(request, course)).await
    }

    /// Makes attempts as long as the policy and the end of the call allow.
    pub(super) async fn repeat<T, F: Future<Output = Result<T, Error>>>(
        &self,
        request: &Request<'_>,
        attempt: impl FnMut(Course) -> F,
    ) -> Result<T, Error> {
        let policy = self.options.retry.clone().unwrap_or_default();
        retry::run(&policy, self.options.end, attempt).instrument(spans::call(request.operation)).await
    }

    /// Makes one attempt and reads the answer.
    async fn reply(&self, request: &Request<'_>, course: Course) -> Result<Reply, Error> {
        let attempt = course.number;
        let mut answer = self.open(request, course).await?;
        // What a request carries may take its time to leave; its answer is as short as any.
        let begun = if request.body.is_some() { Instant::now() } else { answer.begun };
        let watch = self.watch(Some(begun));
        let mut body = BytesMut::new();
        while let Some(chunk) = self.next(request, &mut answer, &watch).await? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                let message = format!("the answer is longer than {LONGEST_ANSWER} bytes");
                return Err(Error::new(ErrorKind::Unintelligible, message)
                    .with_operation(request.operation)
                    .with_hint(refusal::NOT_OBS));
            }
            body.extend_from_slice(&chunk);
        }
        let Answer { mut response, request_id, .. } = answer;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Reply { status, headers, body: body.freeze(), request_id, attempt })
    }

    /// Makes one attempt. Credentials that were refused and can be fetched anew get it made again with fresh ones: they
    /// may have ended while an upload was under way, whether or not their source said when, and what was refused did
    /// nothing.
    pub(super) async fn open(&self, request: &Request<'_>, course: Course) -> Result<Answer, Error> {
        let named = |error: Error| error.with_operation(request.operation);
        let credentials = self.options.within(self.session.obs_credentials(&course)).await.map_err(named)?;
        let refused = match self.attempt(request, &credentials, course.clone()).await {
            Err(error) if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Denied) => error,
            result => return result,
        };
        let course = course.renewed(&refused);
        match self.options.within(self.session.renew_obs(&credentials, &course)).await {
            Ok(Some(fresh)) => self.attempt(request, &fresh, course).await,
            Ok(None) => Err(refused),
            // It may be repeated, as the refusal may not.
            Err(error) => Err(named(error.after_refusal(&refused))),
        }
    }

    async fn attempt(&self, request: &Request<'_>, credentials: &Credentials, course: Course) -> Result<Answer, Error> {
        let operation = request.operation;
        let begun = Instant::now();
        let watch = self.watch(request.body.is_none().then_some(begun));
        let left = Arc::new(AtomicU64::new(0));
        let (built, secrets) =
            self.prepare(request, credentials, &watch, &left).map_err(|error| error.with_operation(operation))?;
        let url = built.url().clone();
        let span = spans::attempt(operation, &course, Some(SCHEME));
        let mut underway = Underway::new(span.clone(), operation, request.method.clone(), course);
        let result = match watch.guard(self.http.execute(built).instrument(span)).await {
            Ok(Ok(mut response)) => {
                let request_id = service::request_id(response.headers()).map(|id| secrets.hide(&id));
                underway.answered(response.status(), request_id.clone());
                // The program's own client may follow redirects. What answers there was not asked.
                if *response.url() != url {
                    let asked = Operation { name: operation, creates: false, names_one: false };
                    Err(redirected(asked, response.url()).with_operation(operation))
                } else if response.status().is_success() {
                    Ok(Answer { response, request_id, begun, _underway: underway })
                } else {
                    let body = refusal::body(&mut response, self.options.end).await;
                    Err(refusal::read(request, credentials, &response, &body, &secrets))
                }
            }
            Ok(Err(error)) => Err(self.no_answer(request, error)),
            Err(over) => Err(self.given_up(request, &over)),
        };
        // What was sent in vain has to be sent again.
        if let (Err(_), Some(meter)) = (&result, request.body.as_ref().and_then(|body| body.meter.as_ref())) {
            meter.take_back(left.load(Ordering::Relaxed));
        }
        result
    }

    /// The next bytes of an answer's body; `None` at its end.
    pub(super) async fn next(
        &self,
        request: &Request<'_>,
        answer: &mut Answer,
        watch: &Watch,
    ) -> Result<Option<Bytes>, Error> {
        match watch.guard(answer.response.chunk()).await {
            Ok(Ok(chunk)) => {
                watch.moved(chunk.as_ref().map_or(0, Bytes::len));
                Ok(chunk)
            }
            Ok(Err(error)) => Err(self.no_answer(request, error)),
            Err(over) => Err(self.given_up(request, &over)),
        }
    }

    /// The limits from now on: that something moves, the end of the call, and, for what began then and carries no content,
    /// the time of an attempt.
    pub(super) fn watch(&self, begun: Option<Instant>) -> Watch {
        let attempt = || self.options.timeout.and_then(|timeout| begun?.checked_add(timeout));
        Watch::new(self.idle_timeout, attempt().into_iter().chain(self.options.end).min())
    }

    fn no_answer(&self, request: &Request<'_>, error: reqwest::Error) -> Error {
        let endpoint = &self.endpoint;
        let message = if error.is_connect() {
            format!("no connection to {endpoint}")
        } else {
            format!("the connection to {endpoint} broke")
        };
        self.unavailable(request, message).with_source(error.without_url())
    }

    fn given_up(&self, request: &Request<'_>, over: &Over) -> Error {
        let endpoint = &self.endpoint;
        let message = match over {
            Over::Silent(idle) => format!("{endpoint} neither took nor sent anything for {} s", idle.as_secs_f64()),
            Over::Slow(idle) => format!("{endpoint} sent less than {BLOCK} bytes in {} s", idle.as_secs_f64()),
            Over::Late => {
                let message = format!("no complete answer from {endpoint} within the time limit");
                return self.unavailable(request, message).with_hint("try again, or allow more time (--timeout)");
            }
        };
        self.unavailable(request, message)
    }

    fn unavailable(&self, request: &Request<'_>, message: String) -> Error {
        let endpoint = &self.endpoint;
        Error::new(ErrorKind::Unavailable, message)
            .with_operation(request.operation)
            .with_hint(format!("check that {endpoint} is the OBS address, and that it can be reached from here"))
    }
}
