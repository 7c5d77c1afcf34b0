//! Runs one command to its end, as often as asked, and reports what its process and that process's children used.
//!
//! `spawn RUNS COMMAND [ARGUMENT…]`; the command's standard output is thrown away. The peak of memory is also at least
//! this program's own, which is small; that is why nothing large starts what is measured (see `account` of the library).

use std::process::{Command, Stdio};
use std::time::Instant;

use iotda_ota_bench::{Usage, report};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: spawn RUNS COMMAND [ARGUMENT...]";
    let runs: u32 = arguments.next().and_then(|runs| runs.to_str()?.parse().ok()).ok_or(usage)?;
    let program = arguments.next().ok_or(usage)?;
    let arguments: Vec<_> = arguments.collect();
    let mut seconds = 0.0;
    for _ in 0..runs {
        let started = Instant::now();
        let status = Command::new(&program).args(&arguments).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        seconds += started.elapsed().as_secs_f64();
        if !status.success() {
            return Err(format!("{} ended with {status}", program.to_string_lossy()).into());
        }
    }
    report(Usage::of_children(seconds), [("runs", runs.into())]);
    Ok(())
}
