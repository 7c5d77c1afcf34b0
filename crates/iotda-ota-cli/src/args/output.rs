//! Flags that say how results, progress and messages are shown.

use clap::{Args, ValueEnum};

/// How to speak to the caller.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputFlags {
    /// Text for people, or one JSON document [default: text] [$IOTDA_OTA_FORMAT]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Progress of hashing and upload; auto is a bar on a terminal [$IOTDA_OTA_PROGRESS]
    #[arg(long, global = true, value_name = "MODE")]
    pub(crate) progress: Option<ProgressMode>,
    /// No progress, no warnings, no notes
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// One line for every attempt of a call, to IoTDA, IAM and OBS
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<ColorMode>,
}

/// What standard output holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    #[default]
    Auto,
    Bar,
    Json,
    None,
}

/// When colors are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorMode {
    #[default]
    Auto,
    Always,
    Never,
}
