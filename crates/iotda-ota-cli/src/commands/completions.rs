//! `iotda-ota completions`: a script for the shell.

use clap_complete::Shell;

use crate::args;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(shell: Shell, output: &Output) -> Result<(), Failure> {
    let mut command = args::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "iotda-ota", &mut script);
    if shell == Shell::Bash {
        script = with_one_spelling(script);
    }
    output.bytes(&script)
}

/// Spells the names of subcommands alike everywhere in the script: for a command with a hyphen in its name clap_complete
/// 4.6 writes one spelling and looks for another, and completes nothing below the top (clap-rs/clap, issue 6421).
fn with_one_spelling(script: Vec<u8>) -> Vec<u8> {
    String::from_utf8(script).map_or_else(
        |error| error.into_bytes(),
        |script| script.replace("iotda__subcmd__ota", "iotda__ota").into_bytes(),
    )
}
