//! The official Python SDKs against the emulator: the suites of `tests/interop`.

use std::io::Write;
use std::path::Path;

use crate::emulator::Emulator;
use crate::python::Python;
use crate::{Failure, cargo};

/// Runs the suites on an emulator of their own. False means that a test failed; that an answer was not
/// as the document says is a failure.
pub(crate) fn run(root: &Path, out: &mut dyn Write) -> Result<bool, Failure> {
    let folder = cargo::target_folder(root)?.join("interop");
    let python = Python::ready(root, "interop", &folder, out)?;
    let command = cargo::build_command(root, &cargo::CHECK_ANSWERS)?;
    let emulator = Emulator::start(&command, &[], &folder)?;
    let mut suites = emulator.client(&python.program("python"));
    // Files are imported as parts of the package `interop`, so that none of them hides a package of the SDKs.
    suites.args(["-B", "-m", "unittest", "discover", "--verbose", "--start-directory", "tests/interop"]);
    suites.args(["--top-level-directory", "tests", "--pattern", "*.py"]).current_dir(root);
    suites.env("IOTDA_OTA_COMMAND", &command).env("PYTHONUTF8", "1");
    // The SDKs use calls of Python that newer versions of it discourage.
    suites.env("PYTHONWARNINGS", "ignore::DeprecationWarning");
    let success = suites.status()?.success();
    emulator.stop()?;
    Ok(success)
}
