//! The commands below `package`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use iotda_ota::{AppId, Checksum, PackageId, PackageType, PackageVersion, ProductId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) const EXAMPLES: &str = "\
Examples:
  iotda-ota --emulator package publish firmware.bin --app-id my-app \\
      --product-id my-product --version 2.0 --type firmware
  iotda-ota --emulator package list --type firmware
  iotda-ota package publish --help";

/// What is done with packages.
#[derive(Debug, Subcommand)]
pub(crate) enum PackageCommand {
    /// Upload a file and create a package from it; the same again succeeds again
    #[command(after_help = PUBLISH)]
    Publish(PublishArgs),
    /// Compare what is registered, what is stored and a local file; names the one that differs
    #[command(after_help = VERIFY)]
    Verify(VerifyArgs),
    /// Create a package from an object that is already in OBS
    #[command(after_help = CREATE)]
    Create(CreateArgs),
    /// List packages of one type, newest first
    #[command(after_help = LIST)]
    List(ListArgs),
    /// Show one package, with the location of its file
    #[command(after_help = SHOW)]
    Show(ShowArgs),
    /// Delete one package; its object in OBS stays unless --with-object is given
    #[command(after_help = DELETE)]
    Delete(DeleteArgs),
}

const PUBLISH: &str = "\
The file is checked, hashed and uploaded; the package is created with its SHA-256 and read back. \
If the version exists already, --if-exists decides: fail is an error, skip leaves it as it is, verify succeeds if it \
was made from the same file, replace creates the new package first and deletes the old one then. An upload that was \
broken off, however that happened, goes on when the same command is run again. What is the same for every release, such as --app-id, --product-id, --type and --bucket, \
can stand in a manifest beside the file: iotda-ota manifest init writes one. The rules that --allow switches off are those that newer texts of the service no \
longer state: the suffix of the object key, and the size of at most 1 GB.

Examples:
  iotda-ota --emulator package publish firmware.bin --app-id my-app \\
      --product-id my-product --version 2.0 --type firmware
  iotda-ota package publish firmware/thermometer.bin --version 2.0 --emulator
  iotda-ota package publish radio.img --app-id APP --product-id PRODUCT \\
      --version 1.4 --type module --module-name radio --dry-run";

const VERIFY: &str = "\
The stored object is read to its end, because nothing else tells its SHA-256. Exit code 9 says that something differs.

Examples:
  iotda-ota package verify 28f61af50fc9452aa0ed5ea25c3cc3d3
  iotda-ota package verify 28f61af50fc9452aa0ed5ea25c3cc3d3 firmware.bin";

const CREATE: &str = "\
Examples:
  iotda-ota package create --app-id APP --product-id PRODUCT --version 2.0 \\
      --type firmware --bucket BUCKET --object-key sensors/2.0/firmware.bin \\
      --sign $(sha256sum firmware.bin | cut -c -64)";

const LIST: &str = "\
Examples:
  iotda-ota package list --type firmware --product-id PRODUCT
  iotda-ota package list --type software --all --format json \\
      | jq -r '.packages[].package_id'";

const SHOW: &str = "\
Examples:
  iotda-ota package show 28f61af50fc9452aa0ed5ea25c3cc3d3
  iotda-ota package show 28f61af50fc9452aa0ed5ea25c3cc3d3 --format json";

const DELETE: &str = "\
With --with-object every other package of the project is looked at first, one call for each. If one of them has its file \
in the same object, or does not tell where it is, nothing is deleted. When only the object could not be deleted, the \
exit code is 8 and the message names it; there is no package left to repeat this with.

Examples:
  iotda-ota package delete 28f61af50fc9452aa0ed5ea25c3cc3d3
  iotda-ota package delete 28f61af50fc9452aa0ed5ea25c3cc3d3 --with-object";

/// What a package is whatever its version, as publish, create and a new manifest take it.
#[derive(Debug, Args)]
pub(crate) struct Described {
    /// App (resource space) that will hold the package
    #[arg(long, value_name = "ID")]
    pub(crate) app_id: Option<AppId>,
    /// Product that the package is for
    #[arg(long, value_name = "ID")]
    pub(crate) product_id: Option<ProductId>,
    /// What the package upgrades
    #[arg(long = "type", value_name = "TYPE", value_parser = TypeParser)]
    pub(crate) package_type: Option<PackageType>,
    /// OTA module that a module package upgrades
    #[arg(long, value_name = "NAME")]
    pub(crate) module_name: Option<String>,
    /// Version that may be upgraded; may be repeated, without any every version may
    #[arg(long = "support-source-version", value_name = "VERSION")]
    pub(crate) support_source_versions: Vec<PackageVersion>,
    /// What the package is for, in words
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// What devices are told with the upgrade notice
    #[arg(long, value_name = "TEXT")]
    pub(crate) custom_info: Option<String>,
}

/// The command `package publish`.
#[derive(Debug, Args)]
pub(crate) struct PublishArgs {
    /// Firmware file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Version that the package brings
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: PackageVersion,
    #[command(flatten)]
    pub(crate) described: Described,
    /// Manifest with what the flags leave out; else ota.toml in the folder of FILE, if there is one
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest: Option<PathBuf>,
    /// Look for no manifest
    #[arg(long, conflicts_with = "manifest")]
    pub(crate) no_manifest: bool,
    /// Object key in the bucket; else ota/APP/PRODUCT/TYPE[/MODULE]/VERSION/FILE
    #[arg(long, value_name = "KEY")]
    pub(crate) object_key: Option<String>,
    /// What to do when the version exists already
    #[arg(long, value_name = "ACTION", default_value = "verify")]
    pub(crate) if_exists: IfExists,
    /// Read the stored object back and compare its SHA-256, besides what OBS itself checks
    #[arg(long)]
    pub(crate) verify_object: bool,
    /// Switch off a rule, see below
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<Allow>,
    /// Check, hash and print the request, but send nothing; needs no credentials
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The command `package create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Version that the package brings
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: PackageVersion,
    #[command(flatten)]
    pub(crate) described: Described,
    /// Object key in the bucket
    #[arg(long, value_name = "KEY")]
    pub(crate) object_key: String,
    /// SHA-256 of the object, which devices get to check their download
    #[arg(long, value_name = "HEX")]
    pub(crate) sign: Option<Checksum>,
    /// Switch off the rule about the suffix of the object key, which newer texts no longer state
    #[arg(long, value_name = "RULE", value_parser = ["suffix"])]
    pub(crate) allow: Vec<String>,
    /// Check and print the request, but send nothing; needs no credentials
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The command `package list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Type of the packages
    #[arg(long = "type", value_name = "TYPE", value_parser = TypeParser)]
    pub(crate) package_type: PackageType,
    /// Only packages of this app
    #[arg(long, value_name = "ID")]
    pub(crate) app_id: Option<AppId>,
    /// Only packages for this product
    #[arg(long, value_name = "ID")]
    pub(crate) product_id: Option<ProductId>,
    /// Only packages that bring this version
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<PackageVersion>,
    /// Most packages to list, over all pages
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// List every package
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

/// The command `package show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Package id
    #[arg(value_name = "PACKAGE_ID")]
    pub(crate) package_id: PackageId,
}

/// The command `package delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Package id
    #[arg(value_name = "PACKAGE_ID")]
    pub(crate) package_id: PackageId,
    /// Delete its object in OBS, too, unless another package uses it
    #[arg(long)]
    pub(crate) with_object: bool,
}

/// The command `package verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Package id
    #[arg(value_name = "PACKAGE_ID")]
    pub(crate) package_id: PackageId,
    /// Firmware file to compare, too
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// What to do when the version exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfExists {
    Fail,
    Skip,
    Verify,
    Replace,
}

/// A rule that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Allow {
    Suffix,
    Size,
}

/// Offers the known types and takes any text, so that the library reports an unknown one with everything else.
#[derive(Clone, Debug)]
struct TypeParser;

impl TypedValueParser for TypeParser {
    type Value = PackageType;

    fn parse_ref(
        &self,
        _command: &clap::Command,
        _argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        Ok(PackageType::from(value.to_string_lossy().as_ref()))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        // The names of the wire are taken, too, but would only lengthen the help.
        Some(Box::new(["firmware", "software", "module"].into_iter().map(PossibleValue::new)))
    }
}
