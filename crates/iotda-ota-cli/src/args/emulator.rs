//! The command `emulator`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Arg, Args};

pub(super) const EXAMPLES: &str = "\
When it is ready, it prints lines `export NAME='value'` with everything a client needs, and then `ready`. \
Ctrl-C and SIGTERM stop it cleanly, with exit code 0.

Examples:
  # In one terminal:
  iotda-ota emulator > emulator.env
  # In another one, after ready:
  . <(grep ^export emulator.env)
  iotda-ota package list --type firmware

  # Nothing stays, and the ports are free ones.
  iotda-ota emulator --in-memory --listen 127.0.0.1:0 --obs-listen 127.0.0.1:0";

/// The flag `--signing`, which says here what is accepted. There is one for all commands, because every flag of a
/// connection is known everywhere.
pub(super) fn signing(flag: Arg) -> Arg {
    let help = "Signatures to accept: plain as a shared address does, derived as a dedicated one; auto takes both";
    flag.hide(false).help(help).help_heading(None::<&str>)
}

/// Where the emulator listens, what it keeps, whom it knows and how strict it is.
#[derive(Debug, Args)]
pub(crate) struct EmulatorArgs {
    /// Address for IoTDA; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    pub(crate) listen: SocketAddr,
    /// Address for OBS; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8791")]
    pub(crate) obs_listen: SocketAddr,
    /// Where it keeps its data; else where --emulator does [$IOTDA_OTA_EMULATOR_DIR]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep nothing after it stops
    #[arg(long, conflicts_with = "data_dir")]
    pub(crate) in_memory: bool,
    /// Users, access keys, projects and region, as a TOML file; one of each otherwise
    #[arg(long, value_name = "FILE")]
    pub(crate) identities: Option<PathBuf>,
    /// Check also what the service is not known to check: sign, suffix and size, duplicate versions, quota
    #[arg(long)]
    pub(crate) strict: bool,
    /// Most packages of one app; no limit otherwise, or 200 if strict
    #[arg(long, value_name = "N")]
    pub(crate) limit_packages: Option<u64>,
}
