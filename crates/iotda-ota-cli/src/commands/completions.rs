//! `iotda-ota completions`: a script for the shell.

use clap_complete::Shell;

use crate::args;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(shell: Shell, output: &Output) -> Result<(), Failure> {
    let mut command = args::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "iotda-ota", &mut script);
    output.bytes(&script)
}
