//! Everything that can be typed: commands, flags and their help, in the order in which they are shown.
//!
//! Flags are read here and nowhere judged: which values are allowed is the library's business, which reports all
//! violations at once. What the environment adds is in `config`; its variables are named in the help by hand, because
//! an empty variable has to count as unset and `--emulator` has to ignore some.

use std::ffi::OsString;

use clap::{ArgMatches, Args as _, CommandFactory, FromArgMatches, Parser, Subcommand};

mod auth;
mod connection;
mod emulator;
mod manifest;
mod output;
mod package;

pub(crate) use auth::{AuthCommand, LoginArgs};
pub(crate) use connection::{ConnectionFlags, InProcessFlags, Signing};
pub(crate) use emulator::EmulatorArgs;
pub(crate) use manifest::{CheckArgs, InitArgs, ManifestCommand};
pub(crate) use output::{ColorMode, Format, OutputFlags, ProgressMode};
pub(crate) use package::{
    Allow, CreateArgs, DeleteArgs, Described, IfExists, ListArgs, PackageCommand, PublishArgs, ShowArgs, VerifyArgs,
};

/// Publish firmware as OTA upgrade packages on Huawei Cloud IoTDA, or on the emulator inside.
#[derive(Debug, Parser)]
#[command(name = "iotda-ota", version, max_term_width = 100, after_help = EXAMPLES, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: ConnectionFlags,
    #[command(flatten)]
    pub(crate) in_process: InProcessFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Credentials come from where the official SDKs take them, such as the environment: HUAWEICLOUD_SDK_AK and \
HUAWEICLOUD_SDK_SK hold an access key. An IAM token is taken from IOTDA_OTA_TOKEN. `iotda-ota auth status` shows \
which are used, and `iotda-ota auth status --help` names all sources.

Examples:
  # Publish on an emulator inside the process; nothing else is needed.
  iotda-ota --emulator package publish firmware.bin --app-id my-app \\
      --product-id my-product --version 2.0 --type firmware

  # The same on the service.
  iotda-ota package publish firmware.bin --app-id APP --product-id PRODUCT \\
      --version 2.0 --type firmware --region cn-north-4 --bucket BUCKET

Exit codes:
  0  done                        6  rejected by the service, or not understood
  1  fault of this machine       7  unavailable
  2  invalid input               8  outcome unknown, or only a part is done
  3  not authenticated           9  the stored or registered file differs
     or not permitted          130  interrupted by Ctrl-C
  4  not found                 143  stopped by SIGTERM
  5  exists already";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Publish, verify, create, list, show and delete upgrade packages
    #[command(subcommand, after_help = package::EXAMPLES, disable_help_subcommand = true)]
    Package(PackageCommand),
    /// Write and check the manifest ota.toml, which holds what is the same for every release
    #[command(subcommand, after_help = manifest::EXAMPLES, disable_help_subcommand = true)]
    Manifest(ManifestCommand),
    /// Show which credentials are used, log in and log out
    #[command(subcommand, after_help = auth::EXAMPLES, disable_help_subcommand = true)]
    Auth(AuthCommand),
    /// Run a local emulator of the service until Ctrl-C
    #[command(after_help = emulator::EXAMPLES)]
    Emulator(EmulatorArgs),
    /// Print the completions of a shell
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS: &str = "\
Examples:
  iotda-ota completions bash > ~/.local/share/bash-completion/completions/iotda-ota
  iotda-ota completions zsh > ~/.zfunc/_iotda-ota
  iotda-ota completions fish > ~/.config/fish/completions/iotda-ota.fish";

/// A command line that is not run: a request for help, or one that cannot be understood.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) error: clap::Error,
    /// What `--format` says, as far as it can be told.
    pub(crate) format: Option<String>,
    /// What `--color` says, as far as it can be told.
    pub(crate) color: Option<String>,
}

/// Reads the command line of the process.
pub(crate) fn parse() -> Result<Cli, Stopped> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let read =
        command().try_get_matches_from(&arguments).and_then(|matches: ArgMatches| Cli::from_arg_matches(&matches));
    read.map_err(|error| Stopped {
        error,
        format: value_of(&arguments, "--format"),
        color: value_of(&arguments, "--color"),
    })
}

/// The whole command, as help and completions show it.
pub(crate) fn command() -> clap::Command {
    let mut command = Cli::command();
    // These speak to nobody, so the flags that say to whom would only fill their help.
    let elsewhere = InProcessFlags::augment_args(ConnectionFlags::augment_args(clap::Command::new("flags")));
    let hidden: Vec<_> = elsewhere.get_arguments().map(|flag| flag.clone().hide(true)).collect();
    let without = |command: clap::Command| command.args(&hidden);
    command = command.mut_subcommand("emulator", |command| without(command).mut_arg("signing", emulator::signing));
    command = command.mut_subcommand("completions", without);
    // A new manifest takes the bucket.
    let bucket: Vec<_> = elsewhere.get_arguments().filter(|flag| flag.get_id() == "bucket").cloned().collect();
    let bucket = bucket.into_iter().map(|flag| flag.help("OBS bucket that holds the files").help_heading(None));
    command = command
        .mut_subcommand("manifest", |manifest| without(manifest).mut_subcommand("init", |init| init.args(bucket)));
    // Publish may find them in a manifest.
    command = command.mut_subcommand("package", |package| {
        package.mut_subcommand("create", |create| {
            ["app_id", "product_id", "package_type"]
                .into_iter()
                .fold(create, |create, flag| create.mut_arg(flag, |flag| flag.required(true)))
        })
    });
    command.mut_subcommand("auth", |auth| auth.mut_subcommand("logout", without))
}

/// The value of a flag in a command line that may be wrong elsewhere.
fn value_of(arguments: &[OsString], flag: &str) -> Option<String> {
    let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            return None;
        }
        if argument == flag {
            return arguments.next().map(|value| value.into_owned());
        }
        if let Some(value) = argument.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn global_flags_are_accepted_on_both_sides_of_the_command() {
        for line in [
            "iotda-ota --emulator --format json package show id",
            "iotda-ota package --emulator show id --format json",
            "iotda-ota package show --format=json id --emulator",
        ] {
            let matches = command().try_get_matches_from(line.split(' ')).unwrap();
            let cli = Cli::from_arg_matches(&matches).unwrap();
            assert!(cli.in_process.emulator, "{line}");
            assert_eq!(cli.output.format, Some(Format::Json), "{line}");
        }
    }

    #[test]
    fn finds_the_value_of_a_flag_in_a_wrong_line() {
        let value = |line: &str| value_of(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), "--format");
        assert_eq!(value("iotda-ota --format json --wrong").as_deref(), Some("json"));
        assert_eq!(value("iotda-ota --wrong --format=json").as_deref(), Some("json"));
        assert_eq!(value("iotda-ota --formats json"), None);
        assert_eq!(value("iotda-ota -- --format json"), None);
    }
}
