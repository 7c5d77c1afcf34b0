//! Runs one command to its end, as often as asked, and reports what its process and that process's children used.
//!
//! `spawn RUNS COMMAND [ARGUMENT…]`; the command's standard output is thrown away. Each run's wall time is listed.

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use nix::sys::resource::{UsageWho, getrusage};

    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: spawn RUNS COMMAND [ARGUMENT...]";
    let runs: u32 = arguments.next().and_then(|runs| runs.to_str()?.parse().ok()).ok_or(usage)?;
    let program = arguments.next().ok_or(usage)?;
    let arguments: Vec<_> = arguments.collect();
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        let status = Command::new(&program).args(&arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        seconds.push(started.elapsed().as_secs_f64());
        if !status.success() {
            return Err(format!("{} ended with {status}", program.to_string_lossy()).into());
        }
    }
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    let unit: u64 = if cfg!(target_os = "macos") { 1 } else { 1024 };
    iotda_ota_bench::report(
        iotda_ota_bench::Usage {
            seconds: seconds.iter().sum(),
            cpu_seconds: time(used.user_time()) + time(used.system_time()),
            peak_bytes: used.max_rss().unsigned_abs() * unit,
        },
        [("runs", runs.into()), ("each", seconds.into())],
    );
    Ok(())
}

#[cfg(not(unix))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    Err("this system keeps no account of a process's children".into())
}
