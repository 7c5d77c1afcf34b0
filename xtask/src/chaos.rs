//! The chaos suite in full: thousands of operations with every fault on, an emulator that is killed time and again, and
//! commands that are killed while they publish.
//!
//! [`run`] builds the command and the suites with optimizations, tells them where the command is and how much to do, and
//! lets them print their figures.

use std::io::Write;
use std::path::Path;

use crate::{Failure, cargo};

/// How often the emulator is killed while packages come and go, and how often a publish.
const EMULATOR_KILLS: &str = "100";
const PUBLISH_KILLS: &str = "50";

/// The suites, each with the package it is in, the tests of it that are meant, and how often they kill; the first one
/// kills as often as it is meant to by itself.
const SUITES: [(&str, &str, &str, &str); 3] = [
    ("iotda-ota-tests", "chaos", "", ""),
    ("iotda-ota-emulator", "http", "kill::", EMULATOR_KILLS),
    ("iotda-ota-cli", "cli", "killed::a_publish_that_is_killed", PUBLISH_KILLS),
];

/// Builds and runs; false means that a suite found something.
pub(crate) fn run(root: &Path, creates: u32, seed: Option<u64>, out: &mut dyn Write) -> Result<bool, Failure> {
    let binary = cargo::build_command(root, &cargo::RELEASE)?;
    let mut done = true;
    for (package, suite, tests, kills) in SUITES {
        let mut command = cargo::command();
        command.current_dir(root);
        command.args(["test", "--release", "--locked", "--package", package, "--test", suite, "--", tests]);
        // One after the other, so that they do not slow each other down.
        command.args(["--nocapture", "--test-threads=1"]);
        command.env("IOTDA_OTA_CHAOS", creates.to_string()).env("IOTDA_OTA_BINARY", &binary);
        if !kills.is_empty() {
            command.env("IOTDA_OTA_KILL_ROUNDS", kills);
        }
        if let Some(seed) = seed {
            command.env("IOTDA_OTA_CHAOS_SEED", seed.to_string());
        }
        done &= command.status()?.success();
    }
    writeln!(out, "{}", if done { "chaos: nothing was lost" } else { "chaos: see above" })?;
    Ok(done)
}
