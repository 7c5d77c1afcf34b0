//! Time and identifiers, replaceable so that tests and snapshots are repeatable.
//!
//! Everything the emulator stamps or numbers asks a [`Clock`]: `create_time`, `Last-Modified`, package ids, request ids,
//! upload ids, the names of object files, and until when tokens and temporary access keys are valid. [`SystemClock`] is the default,
//! [`FixedClock`] answers the same in every run. The one thing that never asks is the check of a signed request's
//! `X-Sdk-Date` or `Date`, because that date comes from a real client.

use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// What an identifier is for.
///
/// Each kind is counted apart by [`FixedClock`], so that one more request does not shift the package ids of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdKind {
    /// A `package_id`.
    Package,
    /// An `X-Request-Id` or `x-obs-request-id`.
    Request,
    /// The name of a file that holds bytes of an object.
    Object,
    /// An `uploadId`.
    Upload,
    /// A token, or a temporary access key.
    Token,
}

/// The source of time and identifiers.
pub trait Clock: Send + Sync + 'static {
    /// The time that is written into records.
    fn now(&self) -> SystemTime;

    /// A fresh identifier; shown as 32 lower-case hexadecimal digits.
    ///
    /// The emulator asks again when a package id or a file name is already taken.
    fn id(&self, kind: IdKind) -> u128;

    /// Begins anew, because the emulator has forgotten everything; a clock that counts may count from the start again.
    fn restart(&self) {}
}

/// The real time, and identifiers that do not repeat.
#[derive(Debug)]
pub struct SystemClock {
    secret: u64,
    counter: AtomicU64,
}

impl SystemClock {
    /// A clock whose identifiers differ from those of every other one.
    pub fn new() -> Self {
        // The standard library seeds every `RandomState` from the operating system's randomness.
        Self { secret: RandomState::new().hash_one(std::process::id()), counter: AtomicU64::new(0) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn id(&self, _kind: IdKind) -> u128 {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::new()
            .chain_update(self.secret.to_le_bytes())
            .chain_update(count.to_le_bytes())
            .chain_update(since_epoch(self.now()).as_nanos().to_le_bytes())
            .finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        u128::from_le_bytes(id)
    }
}

/// A time that stands still, and identifiers that count from one for each [`IdKind`]. Clones count together.
#[derive(Clone, Debug)]
pub struct FixedClock {
    now: SystemTime,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    packages: AtomicU64,
    requests: AtomicU64,
    objects: AtomicU64,
    uploads: AtomicU64,
    tokens: AtomicU64,
}

impl FixedClock {
    /// A clock that always shows `now`.
    pub fn at(now: SystemTime) -> Self {
        Self { now, counters: Arc::default() }
    }

    /// A clock that always shows this many seconds after the beginning of 1970.
    pub fn at_unix_seconds(seconds: u64) -> Self {
        Self::at(UNIX_EPOCH + Duration::from_secs(seconds.min(MAX_SECONDS)))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> SystemTime {
        self.now
    }

    fn id(&self, kind: IdKind) -> u128 {
        let counter = match kind {
            IdKind::Package => &self.counters.packages,
            IdKind::Request => &self.counters.requests,
            IdKind::Object => &self.counters.objects,
            IdKind::Upload => &self.counters.uploads,
            IdKind::Token => &self.counters.tokens,
        };
        u128::from(counter.fetch_add(1, Ordering::Relaxed)) + 1
    }

    fn restart(&self) {
        let Counters { packages, requests, objects, uploads, tokens } = self.counters.as_ref();
        for counter in [packages, requests, objects, uploads, tokens] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// A time that is not of the form [`FixedClock`] reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time such as 2023-02-11T12:12:12Z, from 1970 on")]
pub struct TimeError(String);

impl FromStr for FixedClock {
    type Err = TimeError;

    /// Reads a time in UTC or with an offset, such as `2023-02-11T12:12:12Z`.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let problem = || TimeError(text.to_owned());
        let time: Timestamp = text.parse().map_err(|_| problem())?;
        u64::try_from(time.as_second()).map(Self::at_unix_seconds).map_err(|_| problem())
    }
}

/// As far as the formats below reach: a day before the year 10000.
const MAX_SECONDS: u64 = 253_402_207_200;

/// Whole seconds since the beginning of 1970; zero for any time before it.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    since_epoch(time).as_secs().min(MAX_SECONDS).cast_signed()
}

/// `create_time` as the service writes it: `yyyyMMdd'T'HHmmss'Z'`, in UTC.
pub(crate) fn compact_time(unix_seconds: i64) -> String {
    timestamp(unix_seconds).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A time as the XML of OBS has it: `2023-02-11T12:12:12.000Z`.
pub(crate) fn xml_time(unix_seconds: i64) -> String {
    timestamp(unix_seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A time as IAM writes it: `2023-02-11T12:12:12.000000Z`.
pub(crate) fn iam_time(unix_seconds: i64) -> String {
    timestamp(unix_seconds).strftime("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// Reads the form of `X-Sdk-Date`, which is that of [`compact_time`], as seconds since the beginning of 1970.
pub(crate) fn parse_compact_time(text: &str) -> Option<i64> {
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

/// A date as HTTP headers carry it (RFC 1123, GMT).
pub(crate) fn http_date(unix_seconds: i64) -> String {
    timestamp(unix_seconds).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads an RFC 1123 date as seconds since the beginning of 1970.
pub(crate) fn parse_http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(Timestamp::as_second)
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn timestamp(unix_seconds: i64) -> Timestamp {
    // Only `unix_seconds` makes these numbers, and it keeps to the range, but what expires can be a day after it.
    Timestamp::from_second(unix_seconds).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_the_time_of_the_documented_example() {
        assert_eq!(compact_time(1_676_117_532), "20230211T121212Z");
        assert_eq!(parse_compact_time("20230211T121212Z"), Some(1_676_117_532));
        assert_eq!(parse_compact_time("20230211T121212"), None);
        assert_eq!(xml_time(1_676_117_532), "2023-02-11T12:12:12.000Z");
        assert_eq!(iam_time(1_676_117_532), "2023-02-11T12:12:12.000000Z");
        assert_eq!(http_date(1_676_117_532), "Sat, 11 Feb 2023 12:12:12 GMT");
        assert_eq!(parse_http_date("Sat, 11 Feb 2023 12:12:12 GMT"), Some(1_676_117_532));
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn a_fixed_clock_counts_each_kind_apart() {
        let clock = FixedClock::at_unix_seconds(u64::MAX);
        assert_eq!(clock.id(IdKind::Request), 1);
        assert_eq!(clock.id(IdKind::Request), 2);
        assert_eq!(clock.id(IdKind::Package), 1);
        assert_eq!(compact_time(unix_seconds(clock.now())), "99991230T220000Z");
        clock.restart();
        assert_eq!(clock.id(IdKind::Request), 1);
    }

    #[test]
    fn a_fixed_clock_is_read_from_text() {
        let clock: FixedClock = "2023-02-11T14:12:12+02:00".parse().unwrap();
        assert_eq!(unix_seconds(clock.now()), 1_676_117_532);
        for text in ["", "yesterday", "2023-02-11", "1960-01-01T00:00:00Z"] {
            assert!(text.parse::<FixedClock>().is_err(), "{text}");
        }
    }

    #[test]
    fn system_identifiers_differ() {
        let clock = SystemClock::new();
        assert_ne!(clock.id(IdKind::Package), clock.id(IdKind::Package));
    }
}
