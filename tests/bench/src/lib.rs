//! What the load programs share: how they account for themselves, and how they say what they saw.
//!
//! Every program prints one JSON object on one line of standard output, with the keys of [`Usage`] and its own. Processor
//! time and memory are the operating system's own account; where it keeps none, the key is `null`.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub mod fixture;

/// A meter that is running.
#[derive(Debug)]
pub struct Meter {
    started: Instant,
    processor: Option<Duration>,
}

/// What a stretch of work cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Wall time.
    pub seconds: f64,
    /// Time of the processor, in user mode and in the kernel, of all threads.
    pub cpu_seconds: Option<f64>,
    /// The most memory that was resident, since the program began.
    pub peak_bytes: Option<u64>,
}

impl Meter {
    /// Starts to measure.
    pub fn start() -> Self {
        Self { started: Instant::now(), processor: account::processor(account::Whose::Own) }
    }

    /// What this process used since the start.
    pub fn read(&self) -> Usage {
        let seconds = self.started.elapsed().as_secs_f64();
        let processor = account::processor(account::Whose::Own).zip(self.processor);
        let cpu_seconds = processor.map(|(now, before)| now.saturating_sub(before).as_secs_f64());
        Usage { seconds, cpu_seconds, peak_bytes: account::own_peak() }
    }
}

impl Usage {
    /// What the processes used that this one started and that have ended; `seconds` is for the caller to measure.
    pub fn of_children(seconds: f64) -> Self {
        let cpu_seconds = account::processor(account::Whose::Children).map(|time| time.as_secs_f64());
        Self { seconds, cpu_seconds, peak_bytes: account::peak(account::Whose::Children) }
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

/// The account of `getrusage`, and the one that Linux keeps better elsewhere.
#[cfg(unix)]
mod account {
    use std::time::Duration;

    use nix::sys::resource::{Usage, UsageWho, getrusage};
    use nix::sys::time::TimeVal;

    #[derive(Clone, Copy)]
    pub(crate) enum Whose {
        Own,
        Children,
    }

    fn usage(whose: Whose) -> Option<Usage> {
        getrusage(match whose {
            Whose::Own => UsageWho::RUSAGE_SELF,
            Whose::Children => UsageWho::RUSAGE_CHILDREN,
        })
        .ok()
    }

    pub(crate) fn processor(whose: Whose) -> Option<Duration> {
        let duration = |time: TimeVal| {
            let micros = time.tv_sec().saturating_mul(1_000_000).saturating_add(i64::from(time.tv_usec() as i32));
            Duration::from_micros(micros.unsigned_abs())
        };
        usage(whose).map(|usage| duration(usage.user_time()) + duration(usage.system_time()))
    }

    /// Linux counts the peak in KiB, macOS in bytes.
    pub(crate) fn peak(whose: Whose) -> Option<u64> {
        const UNIT: u64 = if cfg!(target_os = "macos") { 1 } else { 1024 };
        usage(whose).map(|usage| usage.max_rss().unsigned_abs() * UNIT)
    }

    /// The peak of this program.
    ///
    /// On Linux `ru_maxrss` is at least the peak of whoever started the process: memory is still shared with that one until
    /// the program is executed, and what it had been at its most is carried over. A Python process of 300 MB that starts
    /// another Python sees 299 MiB as that one's `ru_maxrss`, and 13 MiB as its `VmHWM`, which begins anew.
    #[cfg(target_os = "linux")]
    pub(crate) fn own_peak() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        kib.map(|kib: u64| kib * 1024)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn own_peak() -> Option<u64> {
        peak(Whose::Own)
    }
}

/// There is no account of this kind here.
#[cfg(not(unix))]
mod account {
    use std::time::Duration;

    #[derive(Clone, Copy)]
    pub(crate) enum Whose {
        Own,
        Children,
    }

    pub(crate) fn processor(_whose: Whose) -> Option<Duration> {
        None
    }

    pub(crate) fn peak(_whose: Whose) -> Option<u64> {
        None
    }

    pub(crate) fn own_peak() -> Option<u64> {
        None
    }
}
