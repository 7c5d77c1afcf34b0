//! The chaos suite in full: thousands of operations with every fault on, and an emulator that is killed time and again.
//!
//! [`run`] builds the command and the suite with optimizations, tells the suite where the command is and how much to do,
//! and lets it print its figures.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// Builds and runs; false means that the suite found something.
pub(crate) fn run(root: &Path, creates: u32, seed: Option<u64>, out: &mut dyn Write) -> Result<bool, Failure> {
    let cargo = || {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(root);
        cargo
    };
    if !cargo().args(["build", "--release", "--package", "iotda-ota-cli"]).status()?.success() {
        return Ok(false);
    }
    let mut suite = cargo();
    suite.args(["test", "--release", "--package", "iotda-ota-tests", "--test", "chaos", "--"]);
    // One after the other, so that they do not slow each other down.
    suite.args(["--nocapture", "--test-threads=1"]);
    suite.env("IOTDA_OTA_CHAOS", creates.to_string()).env("IOTDA_OTA_BINARY", binary(root));
    if let Some(seed) = seed {
        suite.env("IOTDA_OTA_CHAOS_SEED", seed.to_string());
    }
    let done = suite.status()?.success();
    writeln!(out, "{}", if done { "chaos: nothing was lost" } else { "chaos: see above" })?;
    Ok(done)
}

/// Where the build puts the command.
fn binary(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    root.join(target).join("release").join(format!("iotda-ota{}", std::env::consts::EXE_SUFFIX))
}
