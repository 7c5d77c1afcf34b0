//! What is told about calls while they run: a span for each call and each attempt, and an event when an attempt ends.
//!
//! They are the same for IoTDA, IAM and OBS, and have the target `iotda_ota::call`. Whoever listens gets exactly one event
//! for every request that was sent, whatever became of it: [`Underway`] tells when it is dropped.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::error::Error;

/// How an attempt differs from the first one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    /// Which one it is, from 1; nothing before the first.
    pub(crate) number: u32,
    /// How long was waited before it.
    pub(crate) waited: Duration,
    /// Why the one before was not the last.
    pub(crate) because: Option<String>,
}

impl Course {
    /// The first attempt.
    pub(crate) fn first() -> Self {
        Self { number: 1, ..Self::default() }
    }

    /// The next attempt, after a wait.
    pub(crate) fn next(&self, waited: Duration, because: &Error) -> Self {
        Self { number: self.number.saturating_add(1), waited, because: Some(because.in_short()) }
    }

    /// The same attempt once more, with other credentials.
    pub(crate) fn renewed(&self, because: &Error) -> Self {
        Self { number: self.number, waited: Duration::ZERO, because: Some(because.in_short()) }
    }
}

/// The span of a whole call.
pub(crate) fn call(operation: &'static str) -> Span {
    tracing::debug_span!(target: "iotda_ota::call", "call", operation)
}

/// The span of one attempt. `scheme` is how the request says who is calling.
pub(crate) fn attempt(operation: &'static str, course: &Course, scheme: Option<&str>) -> Span {
    tracing::debug_span!(
        target: "iotda_ota::call",
        "attempt",
        operation,
        attempt = course.number,
        scheme,
        status = Empty,
        request_id = Empty,
        elapsed_ms = Empty,
    )
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct Underway {
    span: Span,
    operation: &'static str,
    method: Method,
    course: Course,
    started: Instant,
    answer: Option<(StatusCode, Option<String>)>,
}

impl Underway {
    /// The request of this attempt, whose span is `span`, leaves now.
    pub(crate) fn new(span: Span, operation: &'static str, method: Method, course: Course) -> Self {
        Self { span, operation, method, course, started: Instant::now(), answer: None }
    }

    /// Whether anybody listens, so that what is only told need not be made for nobody.
    pub(crate) fn is_heard(&self) -> bool {
        !self.span.is_disabled() || tracing::enabled!(target: "iotda_ota::call", tracing::Level::DEBUG)
    }

    /// It was answered like this. No secret may be in the request id.
    pub(crate) fn answered(&mut self, status: StatusCode, request_id: Option<String>) {
        self.answer = Some((status, request_id));
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.is_heard() {
            return;
        }
        let Self { span, operation, method, course, .. } = self;
        let elapsed = milliseconds(self.started.elapsed());
        let status = self.answer.as_ref().map(|(status, _)| status.as_u16());
        let request_id = self.answer.as_ref().and_then(|(_, id)| id.as_deref());
        span.record("elapsed_ms", elapsed);
        span.record("status", status);
        span.record("request_id", request_id);
        let waited = course.because.as_ref().map(|_| milliseconds(course.waited));
        span.in_scope(|| {
            tracing::debug!(
                target: "iotda_ota::call",
                operation,
                %method,
                attempt = course.number,
                waited_ms = waited,
                because = course.because.as_deref(),
                status,
                request_id,
                elapsed,
                "{}",
                if status.is_some() { "answered" } else { "no answer" }
            );
        });
    }
}

/// A duration in whole milliseconds.
fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
