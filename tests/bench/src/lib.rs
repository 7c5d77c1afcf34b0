//! What the load programs share: how they account for themselves, and how they say what they saw.
//!
//! Every program prints one JSON object on one line of standard output, with the keys of [`Usage`] and its own. Seconds
//! of the processor and peak memory are the operating system's own account, by `getrusage`.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub mod fixture;

/// A meter that is running.
#[derive(Debug)]
pub struct Meter {
    started: Instant,
    processor: Duration,
}

/// What a stretch of work cost this process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Wall time.
    pub seconds: f64,
    /// Time of the processor, in user mode and in the kernel, of all threads.
    pub cpu_seconds: f64,
    /// The most memory that was resident, since the process began.
    pub peak_bytes: u64,
}

impl Meter {
    /// Starts to measure.
    pub fn start() -> Self {
        Self { started: Instant::now(), processor: account().0 }
    }

    /// What was used since the start.
    pub fn read(&self) -> Usage {
        let seconds = self.started.elapsed().as_secs_f64();
        let (processor, peak_bytes) = account();
        Usage { seconds, cpu_seconds: processor.saturating_sub(self.processor).as_secs_f64(), peak_bytes }
    }
}

/// Prints what was seen: the usage, then what is the program's own.
#[expect(clippy::print_stdout, reason = "the programs report on standard output")]
pub fn report(usage: Usage, own: impl IntoIterator<Item = (&'static str, Value)>) {
    let mut line = Map::new();
    line.insert("seconds".to_owned(), usage.seconds.into());
    line.insert("cpu_seconds".to_owned(), usage.cpu_seconds.into());
    line.insert("peak_bytes".to_owned(), usage.peak_bytes.into());
    line.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
    println!("{}", Value::Object(line));
}

/// Processor time and peak memory of this process.
#[cfg(unix)]
fn account() -> (Duration, u64) {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    // Linux counts the peak in KiB, macOS in bytes.
    const UNIT: u64 = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let duration = |time: TimeVal| {
        let micros = time.tv_sec().saturating_mul(1_000_000).saturating_add(i64::from(time.tv_usec() as i32));
        Duration::from_micros(micros.unsigned_abs())
    };
    match getrusage(UsageWho::RUSAGE_SELF) {
        Ok(usage) => {
            (duration(usage.user_time()) + duration(usage.system_time()), usage.max_rss().unsigned_abs() * UNIT)
        }
        Err(_) => (Duration::ZERO, 0),
    }
}

/// There is no account of this kind here; the figures say zero.
#[cfg(not(unix))]
fn account() -> (Duration, u64) {
    (Duration::ZERO, 0)
}
