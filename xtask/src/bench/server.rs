//! Servers that run beside what is measured, and what the operating system says of them.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::process::shown;
use crate::Failure;
use crate::announced::{PATIENCE, until_ready};

/// A server that ends when this value goes.
pub(super) struct Server {
    child: Child,
    /// From start to the moment it could be used.
    pub(super) ready: Duration,
    /// What it announced.
    pub(super) said: BTreeMap<String, String>,
}

impl Server {
    /// Starts a server that says on standard output when it is ready.
    pub(super) fn start(command: &mut Command) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut server = Self { child, ready: Duration::ZERO, said: BTreeMap::new() };
        server.said = until_ready(&shown(command), stdout, PATIENCE)?;
        server.ready = started.elapsed();
        Ok(server)
    }

    /// Starts a server that says nothing; it is ready when `probe` succeeds.
    pub(super) fn start_silent(command: &mut Command, probe: impl Fn() -> bool) -> Result<Self, Failure> {
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut server = Self { child, ready: Duration::ZERO, said: BTreeMap::new() };
        while !probe() {
            if started.elapsed() > PATIENCE {
                return Err(format!("{} was not ready within {PATIENCE:?}", shown(command)).into());
            }
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{} ended with {status} before it was ready", shown(command)).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        server.ready = started.elapsed();
        Ok(server)
    }

    /// One of the values that it printed.
    pub(super) fn value(&self, name: &str) -> Result<&str, Failure> {
        self.said.get(name).map(String::as_str).ok_or_else(|| format!("the server did not print {name}").into())
    }

    /// Memory that is resident now, of the server and of the processes that it started.
    pub(super) fn resident_bytes(&self) -> Option<f64> {
        self.family().iter().map(|process| status_bytes(*process, "VmRSS:")).sum()
    }

    /// The most memory that was resident, of all its processes.
    pub(super) fn peak_bytes(&self) -> Option<f64> {
        self.family().iter().map(|process| status_bytes(*process, "VmHWM:")).sum()
    }

    /// Processor time used so far.
    pub(super) fn clock(&self) -> Option<Clock> {
        Clock::read(&self.family())
    }

    /// The process and all below it.
    fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(process) = family.get(next).copied() {
            let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            next += 1;
        }
        family
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Those below it first; killing the parent alone would leave them.
        for process in self.family().into_iter().skip(1).rev() {
            let _ = Command::new("kill").arg(process.to_string()).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of each thread. The scheduler's own account counts nanoseconds; `/proc/PID/stat` would count hundredths
/// of a second.
pub(super) struct Clock(BTreeMap<String, u64>);

impl Clock {
    fn read(processes: &[u32]) -> Option<Self> {
        let mut threads = BTreeMap::new();
        for process in processes {
            for task in fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten() {
                let path = task.path().join("schedstat");
                // A thread may have ended since the folder was read.
                let Ok(text) = fs::read_to_string(&path) else { continue };
                threads.insert(path.to_string_lossy().into_owned(), text.split_whitespace().next()?.parse().ok()?);
            }
        }
        (!threads.is_empty()).then_some(Self(threads))
    }

    /// Seconds from `before` to this one. A thread that ended in between is missing with what it did since.
    pub(super) fn since(&self, before: &Self) -> f64 {
        let used = self.0.iter().map(|(thread, now)| now.saturating_sub(before.0.get(thread).copied().unwrap_or(0)));
        used.sum::<u64>() as f64 / 1e9
    }
}

fn status_bytes(process: u32, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse::<f64>().ok());
    kib.map(|kib| kib * 1024.0)
}
