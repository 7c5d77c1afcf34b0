//! The command `iotda-ota`: publish firmware as OTA upgrade packages, on the service or on the emulator inside.
//!
//! `args` is what can be typed, `config` what the environment adds, `manifest` what a file beside the firmware adds,
//! `target` whom a command speaks to, `credentials` as whom, `commands` what is done, `output` the only place that
//! prints, `exit_code` how it ends.

// The fuzzer brings its own beginning, and needs but a part of the command.
#![cfg_attr(fuzzing, no_main, allow(dead_code, reason = "the target needs a part of it"))]

mod args;
mod commands;
mod config;
mod credentials;
mod exit_code;
mod failure;
#[cfg(any(test, fuzzing))]
mod fuzz;
mod manifest;
mod output;
mod signals;
mod suggestion;
mod target;

fn main() -> std::process::ExitCode {
    let run = || match args::parse() {
        Ok(cli) => commands::run(&cli),
        Err(stopped) => output::usage(&stopped),
    };
    // A panic was reported where it happened.
    std::panic::catch_unwind(run).unwrap_or(exit_code::ExitCode::Fault).into()
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::manifest(data));
