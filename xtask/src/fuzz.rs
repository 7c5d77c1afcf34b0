//! The fuzz targets of `tests/fuzz`, one after the other.
//!
//! [`run`] needs a nightly compiler and cargo-fuzz. What it finds new goes to `target/fuzz`, so that the saved inputs stay
//! few; an input that makes a target fail is in `tests/fuzz/artifacts`, and belongs among the saved ones when the mistake is
//! mended.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

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
    require(&["--version"], "no nightly compiler can be used", "rustup toolchain install nightly")?;
    require(&["fuzz", "--version"], "there is no cargo-fuzz", "cargo install cargo-fuzz")?;
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

/// An error that says what to install where the nightly Cargo cannot do this.
fn require(arguments: &[&str], missing: &str, install: &str) -> Result<(), Failure> {
    let probe = cargo::nightly().args(arguments).stdin(Stdio::null()).output();
    match probe {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            Err(format!("{missing} ({said}); install it with `{install}`").into())
        }
        Err(error) => Err(format!("{missing} ({error}); install it with `{install}`").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_installs_it() {
        let error =
            require(&["no-such-command-of-cargo"], "there is no such thing", "cargo install thing").unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("there is no such thing (") && error.ends_with("`cargo install thing`"), "{error}");
    }

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
