//! The commands below `manifest`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::package::{Allow, Described};

pub(super) const EXAMPLES: &str = "\
A manifest holds what is the same for every release of a firmware, so that publishing takes the file and its version.

Examples:
  iotda-ota manifest init --app-id my-app --product-id my-product --type firmware
  iotda-ota --emulator package publish firmware.bin --version 2.0";

/// What is done with manifests.
#[derive(Debug, Subcommand)]
pub(crate) enum ManifestCommand {
    /// Write a new manifest with comments; one that exists is left as it is
    #[command(after_help = INIT)]
    Init(Box<InitArgs>),
    /// Report everything that is wrong with a manifest, each with line and column
    #[command(after_help = CHECK)]
    Check(CheckArgs),
    /// Print the JSON schema of manifests, for editors
    #[command(after_help = SCHEMA)]
    Schema,
}

const INIT: &str = "\
Values that are given are checked and written; the others become comments.

Examples:
  iotda-ota manifest init
  iotda-ota manifest init firmware/ota.toml --app-id my-app --product-id my-product \\
      --type firmware --bucket my-bucket \\
      --object-key 'releases/{version}/{file_name}'";

const CHECK: &str = "\
Examples:
  iotda-ota manifest check
  iotda-ota manifest check firmware/ota.toml --format json";

const SCHEMA: &str = "\
Editors with Taplo, such as Visual Studio Code with Even Better TOML, complete and check a manifest whose first line \
is `#:schema ./ota.schema.json`.

Examples:
  iotda-ota manifest schema > ota.schema.json";

/// The command `manifest init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// File to write
    #[arg(value_name = "PATH", default_value = crate::manifest::FILE_NAME)]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) described: Described,
    /// Object key in the bucket, with placeholders such as {version} and {file_name}
    #[arg(long, value_name = "PATTERN")]
    pub(crate) object_key: Option<String>,
    /// Rule to switch off
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<Allow>,
}

/// The command `manifest check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// File to check
    #[arg(value_name = "PATH", default_value = crate::manifest::FILE_NAME)]
    pub(crate) file: PathBuf,
}
