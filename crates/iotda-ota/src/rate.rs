//! The client's own limit on requests: how many a second, and how many at once.
//!
//! [`RateLimit`] is what a caller asks for, [`Limiter`] what the clones of a client share. Every attempt of an IoTDA call
//! takes its turn here, in the order in which they came; a caller who goes away leaves its turn to the next.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::validate::Violations;

/// The longest pause between two requests that can be asked for: a day.
const LONGEST_PAUSE: f64 = 86_400.0;

/// How many requests a client may send to IoTDA.
///
/// All clones of a client share it, and every attempt counts. Requests to OBS and IAM do not.
///
/// ```
/// use iotda_ota::RateLimit;
///
/// let ten_a_second = RateLimit::per_second(10.0).in_flight(4);
/// let one_in_two_seconds = RateLimit::per_second(0.5);
/// let four_at_once = RateLimit::only_in_flight(4);
/// # let _ = (ten_a_second, one_in_two_seconds, four_at_once);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    per_second: Option<f64>,
    in_flight: Option<usize>,
}

impl RateLimit {
    /// At most so many requests a second, evenly spread; less than one is possible.
    pub fn per_second(requests: f64) -> Self {
        Self { per_second: Some(requests), in_flight: None }
    }

    /// No more than so many at the same time, however many a second.
    pub fn only_in_flight(requests: usize) -> Self {
        Self { per_second: None, in_flight: Some(requests) }
    }

    /// Besides, no more than so many at the same time.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = Some(requests);
        self
    }

    /// Checks that the numbers are such that something can ever be sent.
    pub(crate) fn check(&self, violations: &mut Violations) {
        if let Some(requests) = self.per_second
            && !(requests.is_finite() && requests * LONGEST_PAUSE >= 1.0)
        {
            let help = "give a number above zero, or no limit; the least is one request a day";
            violations.add("rate_limit.per_second", "a number of requests", &requests.to_string(), help);
        }
        if let Some(requests) = self.in_flight
            && !(1..=Semaphore::MAX_PERMITS).contains(&requests)
        {
            let help = "allow at least one request at a time, or set no limit";
            violations.add("rate_limit.in_flight", "at least 1", &requests.to_string(), help);
        }
    }
}

/// The turns of one client's requests.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    places: Option<Arc<Semaphore>>,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct Pace {
    pause: Duration,
    /// When the next request may go. Who waits for that moment holds the lock, so that those behind stay in order.
    next: Mutex<Instant>,
}

/// One request's place; it is free again when this is dropped.
#[derive(Debug)]
#[must_use = "the place is free again when this is dropped"]
pub(crate) struct Turn(#[expect(dead_code, reason = "held until it is dropped")] Option<OwnedSemaphorePermit>);

impl Limiter {
    /// A limiter of checked numbers.
    pub(crate) fn new(limit: RateLimit) -> Self {
        let pace = limit.per_second.map(|requests| {
            let pause = Duration::from_secs_f64((1.0 / requests).clamp(0.0, LONGEST_PAUSE));
            Pace { pause, next: Mutex::new(Instant::now()) }
        });
        Self { places: limit.in_flight.map(|places| Arc::new(Semaphore::new(places))), pace }
    }

    /// Waits until a request may go.
    pub(crate) async fn turn(&self) -> Turn {
        let place = match &self.places {
            // It fails only when it is closed, which nobody does.
            Some(places) => Arc::clone(places).acquire_owned().await.ok(),
            None => None,
        };
        if let Some(pace) = &self.pace {
            let mut next = pace.next.lock().await;
            sleep_until(*next).await;
            *next = Instant::now() + pace.pause;
        }
        Turn(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(limit: RateLimit) -> Vec<String> {
        let mut violations = Violations::default();
        limit.check(&mut violations);
        violations.iter().map(|violation| violation.field.clone()).collect()
    }

    #[test]
    fn numbers_with_which_nothing_could_be_sent_are_refused() {
        for requests in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert_eq!(broken(RateLimit::per_second(requests)), ["rate_limit.per_second"], "{requests}");
        }
        assert_eq!(broken(RateLimit::per_second(1.0).in_flight(0)), ["rate_limit.in_flight"]);
        assert_eq!(broken(RateLimit::only_in_flight(usize::MAX)), ["rate_limit.in_flight"]);
        assert!(broken(RateLimit::per_second(0.001).in_flight(1)).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_spread_over_the_second_in_the_order_in_which_they_came() {
        let limiter = Arc::new(Limiter::new(RateLimit::per_second(4.0)));
        let start = Instant::now();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..5_u32 {
            let (limiter, order) = (Arc::clone(&limiter), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let _turn = limiter.turn().await;
                order.lock().unwrap().push((number, start.elapsed().as_millis()));
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        // The paused clock counts whole milliseconds, and a sleep ends with the next one.
        let order = order.lock().unwrap();
        for (at, (number, elapsed)) in order.iter().enumerate() {
            assert_eq!(*number as usize, at, "{order:?}");
            let due = at as u128 * 250;
            assert!((due..due + 10).contains(elapsed), "{order:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_again_when_its_request_has_ended_or_was_given_up() {
        let limiter = Limiter::new(RateLimit::only_in_flight(1));
        let first = limiter.turn().await;
        let waited = tokio::time::timeout(Duration::from_secs(1), limiter.turn()).await;
        assert!(waited.is_err(), "the place was taken");
        drop(first);
        let _second = limiter.turn().await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_while_waiting_costs_the_others_no_time() {
        let limiter = Limiter::new(RateLimit::per_second(1.0));
        let start = Instant::now();
        let _first = limiter.turn().await;
        for _ in 0..3 {
            assert!(tokio::time::timeout(Duration::from_millis(200), limiter.turn()).await.is_err());
        }
        let _next = limiter.turn().await;
        assert!(start.elapsed() < Duration::from_millis(1100), "{:?}", start.elapsed());
    }
}
