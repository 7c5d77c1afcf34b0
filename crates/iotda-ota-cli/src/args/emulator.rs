//! The command `emulator`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Arg, Args};
use iotda_ota_emulator::{Fault, FixedClock};

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
  iotda-ota emulator --in-memory --listen 127.0.0.1:0 --obs-listen 127.0.0.1:0

  # Every fifth create is done and not answered, and every list waits.
  iotda-ota emulator --in-memory --fault create_ota_package:close-after-commit:every=5 \\
      --fault list_ota_packages:delay:for=300ms";

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
    /// Most bytes of all objects and parts together; no limit otherwise
    #[arg(long, value_name = "BYTES")]
    pub(crate) limit_storage: Option<u64>,
    /// Create packages whose object is not in OBS, too
    #[arg(long)]
    pub(crate) no_object_check: bool,
    /// Stop also when standard input ends, so that it never outlives the program that started it
    #[arg(long)]
    pub(crate) stop_with_stdin: bool,
    /// Be the metadata service of a cloud server, too, and give everybody temporary access keys of the first user
    #[arg(long)]
    pub(crate) metadata: bool,
    /// Begin with the packages, objects and buckets of a dump, or of a file written by hand
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
    /// A time that stands still, such as 2023-02-11T12:12:12Z, and ids that count from one
    #[arg(long, value_name = "TIME")]
    pub(crate) fixed_clock: Option<FixedClock>,
    /// Let requests go wrong: OPERATION:KIND[:NAME=VALUE,...], such as *:throttle:probability=0.1; can be repeated
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<Fault>,
    /// Answer requests for this host name, too, and for names below it; can be repeated
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Without the control calls below /emulator/, but the health
    #[arg(long)]
    pub(crate) no_control: bool,
    /// Remember this many of the last requests [default: 1000]
    #[arg(long, value_name = "N")]
    pub(crate) keep_requests: Option<usize>,
    /// Most bytes of a request body for IoTDA [default: 1048576]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_body: Option<usize>,
    /// Most bytes of a file that POST /emulator/load takes [default: 4294967296]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_load: Option<u64>,
    /// Most bytes of the head of a request, at least 256 [default: 65536, which is the most]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_head: Option<usize>,
    /// Most connections of each port; further ones wait [default: 256, or what open files allow]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<usize>,
    /// Most records of a page [default: 50]
    #[arg(long, value_name = "N")]
    pub(crate) max_page: Option<u32>,
    /// Largest offset of a list [default: 500]
    #[arg(long, value_name = "N")]
    pub(crate) max_offset: Option<u32>,
}
