//! Which failures are repeated, how often, and after which delay.
//!
//! [`RetryPolicy`] is what a client is told, [`pause`] the decision between two attempts, and [`run`] a loop for what may
//! always be repeated, such as a request to OBS or a fetch of credentials. That loop repeats only errors with
//! [`is_retryable`](Error::is_retryable). An operation of IoTDA has a loop of its own (`call::Attempts`), which also knows
//! when an unclear end allows another attempt. Each attempt is a call of its own, so that dates and signatures are those
//! of its moment.

use std::future::Future;
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::spans::Course;

/// The longest wait that a service may ask for; when it asks for more, its error is the answer.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// How often a failed call is repeated, and how long is waited in between.
///
/// Repeated is what is safe to repeat: a service that cannot be reached, is overloaded or failed. The delays are random,
/// from nothing up to a bound that doubles each time, so that many who failed together do not come back together. A
/// service that asks for a delay itself (`Retry-After`) gets it, up to a minute.
///
/// ```
/// use std::time::Duration;
/// use iotda_ota::RetryPolicy;
///
/// let patient = RetryPolicy::default().max_attempts(8).max_time(Duration::from_secs(1200));
/// # let _ = patient;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    max_time: Duration,
    base: Duration,
    cap: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            max_time: Duration::from_secs(300),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How many attempts are made in all; 4 otherwise. Zero counts as one.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// How long after its start a call is still repeated; 5 minutes otherwise. An attempt under way is not cut off. What a
    /// create has to look up belongs to this time; when it is over, the last look may take as long as one attempt.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = time;
        self
    }

    /// The bound on the first delay, which doubles with each further one, and the bound on all of them; half a second
    /// and 20 seconds otherwise. What may still be under way is waited for between once and twice the first.
    pub fn delays(mut self, first: Duration, longest: Duration) -> Self {
        (self.base, self.cap) = (first, longest);
        self
    }

    /// How long to wait before attempt `next` (2 for the first repetition), or `None` if there is to be none. `asked` is
    /// what the service wants, `random` a number from 0 to 1.
    pub(crate) fn delay(&self, next: u32, elapsed: Duration, asked: Option<Duration>, random: f64) -> Option<Duration> {
        if next > self.max_attempts || asked.is_some_and(|asked| asked > LONGEST_ASKED) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(next.saturating_sub(2));
        let bound = self.base.saturating_mul(doubled).min(self.cap);
        // What was asked for is the least; who was told the same still should not come back at the same moment.
        let delay = asked.unwrap_or_default().saturating_add(bound.mul_f64(random.clamp(0.0, 1.0)));
        (elapsed.saturating_add(delay) <= self.max_time).then_some(delay)
    }

    /// When the time of a call is over; `None` if no clock can show it.
    pub(crate) fn end(&self, started: Instant) -> Option<Instant> {
        started.checked_add(self.max_time)
    }

    /// A short wait for what is under way elsewhere: between once and twice the bound on the first delay. `random` is a
    /// number from 0 to 1.
    pub(crate) fn moment(&self, random: f64) -> Duration {
        self.base.saturating_add(self.base.mul_f64(random.clamp(0.0, 1.0))).min(self.cap)
    }
}

/// Calls `attempt` until it succeeds, fails for good, or the policy or the `end` of the call allows no other; the last
/// error is the answer.
pub(crate) async fn run<T, F>(
    policy: &RetryPolicy,
    end: Option<Instant>,
    mut attempt: impl FnMut(Course) -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let started = Instant::now();
    let mut course = Course::first();
    loop {
        let error = match attempt(course.clone()).await {
            Ok(value) => return Ok(value),
            Err(error) => error.with_attempts(course.number),
        };
        if !error.is_retryable() {
            return Err(error);
        }
        let Some(waited) = pause(policy, started, end, course.number, &error).await else { return Err(error) };
        course = course.next(waited, &error);
    }
}

/// Waits after attempt `number`, which ended with an error that may be repeated, and tells how long; `None`, without a
/// wait, if the policy or the `end` of the call allows no other.
pub(crate) async fn pause(
    policy: &RetryPolicy,
    started: Instant,
    end: Option<Instant>,
    number: u32,
    error: &Error,
) -> Option<Duration> {
    let delay = policy.delay(number.saturating_add(1), started.elapsed(), error.retry_after(), fastrand::f64())?;
    if !is_in_time(end, delay) {
        return None;
    }
    sleep(delay).await;
    Some(delay)
}

/// Whether there is still time before the `end` after such a wait.
pub(crate) fn is_in_time(end: Option<Instant>, wait: Duration) -> bool {
    end.is_none_or(|end| end.saturating_duration_since(Instant::now()) > wait)
}

/// The delay that an answer asks for: seconds, or a date, which counts from the answer's own. Anything else is none.
pub(crate) fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a long time, too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let then = date(text)?;
    let now = headers.get(DATE).and_then(|value| date(value.to_str().ok()?)).unwrap_or_else(Timestamp::now);
    // A moment that has passed is now.
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use http::{HeaderValue, StatusCode};
    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::error::service::ServiceError;

    fn headers(retry_after: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(retry_after).unwrap());
        headers.insert(DATE, HeaderValue::from_static("Wed, 21 Oct 2026 07:28:00 GMT"));
        headers
    }

    fn unavailable(headers: &HeaderMap) -> Error {
        let service = ServiceError::read(StatusCode::SERVICE_UNAVAILABLE, headers, b"");
        Error::new(ErrorKind::Unavailable, "OBS failed").with_service(service)
    }

    /// Runs a call that always fails in the same way, and tells how many attempts were made in which time.
    async fn attempts(policy: &RetryPolicy, make: impl Fn() -> Error) -> (u32, Duration) {
        attempts_until(None, policy, make).await
    }

    async fn attempts_until(end: Option<Instant>, policy: &RetryPolicy, make: impl Fn() -> Error) -> (u32, Duration) {
        let count = Cell::new(0);
        let started = Instant::now();
        let result: Result<(), _> = run(policy, end, |course| {
            count.set(count.get() + 1);
            assert_eq!((course.number, course.because.is_some()), (count.get(), count.get() > 1));
            let error = make();
            async move { Err(error) }
        })
        .await;
        assert_eq!(result.unwrap_err().attempts(), count.get());
        (count.get(), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_safe_to_repeat_is_repeated_and_nothing_else() {
        let policy = RetryPolicy::default();
        assert_eq!(attempts(&policy, || unavailable(&HeaderMap::new())).await.0, 4);
        assert_eq!(attempts(&RetryPolicy::none(), || unavailable(&HeaderMap::new())).await.0, 1);
        for kind in [ErrorKind::OutcomeUnknown, ErrorKind::Rejected, ErrorKind::Denied, ErrorKind::NotFound] {
            assert_eq!(attempts(&policy, || Error::new(kind, "no")).await.0, 1, "{kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_that_would_come_after_the_end_of_the_call() {
        let policy = RetryPolicy::default().max_attempts(2);
        for (seconds, expected) in [(5, 1), (60, 2)] {
            let end = Instant::now() + Duration::from_secs(seconds);
            let (count, waited) = attempts_until(Some(end), &policy, || unavailable(&headers("7"))).await;
            assert!(count == expected && (count == 2 || waited.is_zero()), "{seconds}: {count}, {waited:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_succeeds_ends_it() {
        let count = Cell::new(0);
        let policy = RetryPolicy::default();
        let result = run(&policy, None, |_| {
            count.set(count.get() + 1);
            let result = if count.get() < 3 { Err(unavailable(&HeaderMap::new())) } else { Ok(count.get()) };
            async move { result }
        });
        assert_eq!(result.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_the_service_asks_for_is_kept_and_one_of_years_ends_it() {
        let policy = RetryPolicy::default().max_attempts(2);
        let (count, waited) = attempts(&policy, || unavailable(&headers("7"))).await;
        assert!(count == 2 && waited >= Duration::from_secs(7), "{waited:?}");
        for years in ["99999999", "99999999999999999999999999", "Wed, 21 Oct 2037 07:28:00 GMT"] {
            assert_eq!(attempts(&policy, || unavailable(&headers(years))).await.0, 1, "{years}");
        }
        assert_eq!(attempts(&policy, || unavailable(&headers("soon"))).await.0, 2);
    }

    #[test]
    fn a_delay_is_read_from_seconds_and_from_dates() {
        for (text, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(30)),
            ("Wed, 21 Oct 2026 07:27:30 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("tomorrow", None),
        ] {
            assert_eq!(asked_for(&headers(text)), expected.map(Duration::from_secs), "{text:?}");
        }
        assert_eq!(asked_for(&HeaderMap::new()), None);
    }

    proptest! {
        #[test]
        fn any_delay_that_is_asked_for_is_read_as_it_was_meant(seconds in 0_u64..4_000_000_000, back in 0_i64..4_000_000_000) {
            prop_assert_eq!(asked_for(&headers(&seconds.to_string())), Some(Duration::from_secs(seconds)));
            let date = |moment: Timestamp| jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap();
            let now: Timestamp = "2026-10-21T07:28:00Z".parse().unwrap();
            let later = now + jiff::SignedDuration::from_secs(seconds as i64);
            prop_assert_eq!(asked_for(&headers(&date(later))), Some(Duration::from_secs(seconds)));
            let earlier = now - jiff::SignedDuration::from_secs(back);
            prop_assert_eq!(asked_for(&headers(&date(earlier))), Some(Duration::ZERO));
        }

        #[test]
        fn what_is_neither_a_number_nor_a_date_asks_for_nothing(text in "[ -~]{0,30}") {
            let number = text.trim();
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            prop_assert!(asked_for(&headers(&text)).is_none() || is_number, "{}", text);
        }
    }

    #[test]
    fn delays_double_up_to_their_bound_and_are_random_below_it() {
        let policy =
            RetryPolicy::default().max_attempts(u32::MAX).delays(Duration::from_secs(1), Duration::from_secs(5));
        let longest = |next| policy.delay(next, Duration::ZERO, None, 1.0).unwrap().as_secs();
        assert_eq!([2, 3, 4, 5, 6, 1000].map(longest), [1, 2, 4, 5, 5, 5]);
        assert_eq!(policy.delay(5, Duration::ZERO, None, 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn nothing_is_repeated_after_the_time_that_a_call_may_take() {
        let policy = RetryPolicy::default().max_time(Duration::from_secs(10));
        assert!(policy.delay(2, Duration::from_secs(9), None, 1.0).is_some());
        assert!(policy.delay(2, Duration::from_secs(10), None, 1.0).is_none());
        assert!(policy.delay(2, Duration::from_secs(1), Some(Duration::from_secs(10)), 0.0).is_none());
        let forever = RetryPolicy::default().delays(Duration::MAX, Duration::MAX);
        assert!(forever.delay(4, Duration::MAX, None, 0.5).is_none());
    }
}
