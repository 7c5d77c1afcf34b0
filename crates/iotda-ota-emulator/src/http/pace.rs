//! How slow a client may be for how long, when it sends a body and when it takes an answer.
//!
//! It may keep the emulator waiting for a *patience* at a time. One that sends or takes a byte now and then does that for as
//! long as it likes, so after some patiences it also has to have a least pace.

use std::time::{Duration, Instant};

/// How many patiences a client may take however slow it is, and how many bytes a second it must have after that. So a client
/// that moves a byte now and then holds its connection for some minutes and not for ever.
const PATIENCES: u32 = 10;
const LEAST_BYTES_PER_SECOND: u64 = 1 << 10;

/// The pace at which a client sends, or takes what is written to it. Only the time counts in which it is waited for.
#[derive(Debug)]
pub(super) struct Pace {
    patience: Duration,
    /// Since when it is waited for now.
    since: Option<Instant>,
    waited: Duration,
    /// How many bytes it has moved since the first wait.
    moved: u64,
}

/// What a client did that is too slow.
#[derive(Debug)]
pub(super) struct TooSlow {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

impl Pace {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, since: None, waited: Duration::ZERO, moved: 0 }
    }

    /// The client sends or takes nothing now.
    pub(super) fn waits(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The client has sent or taken some bytes.
    pub(super) fn moves(&mut self, bytes: usize, now: Instant) -> Result<(), TooSlow> {
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
        // What the system takes at once is not yet the client's.
        if !self.waited.is_zero() {
            self.moved += bytes as u64;
        }
        if self.waited > self.patience * PATIENCES {
            if self.moved < self.waited.as_secs() * LEAST_BYTES_PER_SECOND {
                return Err(TooSlow { bytes: self.moved, time: self.waited });
            }
            // It begins anew, so that what went quickly is no credit for later.
            (self.waited, self.moved) = (Duration::ZERO, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Takes so many bytes after each wait, and says how often until it is too slow.
    fn rounds(pace: &mut Pace, bytes: usize, wait: Duration) -> Option<u32> {
        let mut now = Instant::now();
        (1..1000).find(|_| {
            pace.waits(now);
            now += wait / 2;
            pace.waits(now);
            now += wait / 2;
            pace.moves(bytes, now).is_err()
        })
    }

    #[test]
    fn who_takes_a_little_now_and_then_is_too_slow_in_the_end() {
        let wait = Duration::from_secs(20);
        assert_eq!(rounds(&mut Pace::new(PATIENCE), 5000, wait), Some(16));
        assert_eq!(rounds(&mut Pace::new(PATIENCE), 25_000, wait), None);
    }

    #[test]
    fn what_was_taken_quickly_is_no_credit() {
        let mut pace = Pace::new(PATIENCE);
        assert!(pace.moves(1 << 30, Instant::now()).is_ok(), "nobody waited");
        assert_eq!(rounds(&mut pace, 5000, Duration::from_secs(20)), Some(16));

        let mut pace = Pace::new(PATIENCE);
        assert_eq!(rounds(&mut pace, 1 << 30, Duration::from_secs(20)), None);
        assert!(rounds(&mut pace, 5000, Duration::from_secs(20)).is_some_and(|rounds| rounds <= 32));
    }

    #[test]
    fn time_in_which_nothing_is_written_does_not_count() {
        let mut pace = Pace::new(PATIENCE);
        let mut now = Instant::now();
        for _ in 0..1000 {
            assert!(pace.moves(10, now).is_ok());
            now += Duration::from_secs(3600);
        }
    }
}
