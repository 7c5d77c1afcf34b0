//! The fuzz targets of `tests/fuzz`, one after the other.
//!
//! [`run`] needs a nightly compiler and cargo-fuzz. What it finds new goes to `target/fuzz`, so that the saved inputs stay
//! few; an input that makes a target fail is in `tests/fuzz/artifacts`, and belongs among the saved ones when the mistake is
//! mended.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;

use crate::{Failure, cargo};

/// A fuzz target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Answers of IoTDA and OBS
    Answer,
    /// Journals of uploads in parts
    Journal,
    /// Manifests
    Manifest,
    /// Requests to the emulator
    Request,
    /// Signatures and what they sign
    Signature,
}

/// Runs targets, or all if none is named; false means that one of them failed.
pub(crate) fn run(root: &Path, targets: &[Target], seconds: u32, out: &mut dyn Write) -> Result<bool, Failure> {
    let found = cargo::target_folder(root)?.join("fuzz");
    let targets = if targets.is_empty() { Target::value_variants() } else { targets };
    for target in targets {
        let value = target.to_possible_value().ok_or("a target without a name")?;
        let name = value.get_name();
        let folder = found.join(name);
        fs::create_dir_all(&folder)?;
        let mut fuzz = cargo::nightly();
        fuzz.current_dir(root);
        fuzz.args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", name]).arg(folder);
        fuzz.arg(root.join("tests/fuzz/corpus").join(name));
        fuzz.args(["--", "-timeout=10", "-max_len=4096"]).arg(format!("-max_total_time={seconds}"));
        if !fuzz.status()?.success() {
            writeln!(out, "fuzz: {name} failed; see above")?;
            return Ok(false);
        }
    }
    writeln!(out, "fuzz: nothing was found")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_saved_inputs_and_no_inputs_are_without_a_target() {
        let mut folders: Vec<_> = fs::read_dir(crate::root().join("tests/fuzz/corpus"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        folders.sort_unstable();
        let names: Vec<_> = Target::value_variants().iter().map(|target| target.to_possible_value().unwrap()).collect();
        assert!(folders.iter().map(String::as_str).eq(names.iter().map(clap::builder::PossibleValue::get_name)));
    }
}
