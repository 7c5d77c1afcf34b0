//! The settings of an emulator; those of sizes and numbers are in [`limits`], starting it is in [`start`].

mod limits;
mod start;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::instance::{InstanceKind, Refusal};
use crate::journal::DEFAULT_REQUESTS;
use crate::limits::Limits;

/// How long a client may keep the emulator waiting in the middle of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of an [`Emulator`](crate::Emulator).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use iotda_ota_emulator::{Emulator, FixedClock};
///
/// let folder = tempfile::tempdir()?;
/// let emulator = Emulator::builder()
///     .data_dir(folder.path().join("emulator"))
///     .strict(true)
///     .clock(FixedClock::at_unix_seconds(1_676_117_532))
///     .start()
///     .await?;
/// assert!(emulator.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    listen: SocketAddr,
    obs_listen: SocketAddr,
    data_dir: Option<PathBuf>,
    lock_wait: Duration,
    strict: bool,
    check_objects: bool,
    limit_packages: Option<u64>,
    limit_storage: Option<u64>,
    identities: Option<PathBuf>,
    signing: InstanceKind,
    refusal: Option<Refusal>,
    metadata: bool,
    load: Option<PathBuf>,
    hosts: Vec<String>,
    control: bool,
    requests: usize,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
    patience: Duration,
}

impl Default for Builder {
    fn default() -> Self {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: any_port,
            obs_listen: any_port,
            data_dir: None,
            lock_wait: Duration::from_secs(10),
            strict: false,
            check_objects: true,
            limit_packages: None,
            limit_storage: None,
            identities: None,
            signing: InstanceKind::Any,
            refusal: None,
            metadata: false,
            load: None,
            hosts: Vec::new(),
            control: true,
            requests: DEFAULT_REQUESTS,
            limits: Limits::default(),
            clock: None,
            patience: PATIENCE,
        }
    }
}

impl Builder {
    /// Where the IoTDA port listens; by default any free port of the loopback address.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Where the OBS port listens; by default any free port of the loopback address.
    pub fn obs_listen(mut self, address: SocketAddr) -> Self {
        self.obs_listen = address;
        self
    }

    /// Keeps packages and objects in a folder, which is made if it is missing. They survive a crash and a power loss.
    ///
    /// A folder with anything in it that is not an emulator's is refused.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Keeps packages and objects only as long as the emulator lives, in a temporary folder. This is the default.
    pub fn in_memory(mut self) -> Self {
        self.data_dir = None;
        self
    }

    /// How long to wait for a data folder that another emulator uses; ten seconds by default.
    pub fn lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// Adds rules that the service is not known to check: the sign must match the object, the object's suffix and size
    /// must be the documented ones, a version exists once, and the documented quota of packages holds.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether creating a package needs its object in OBS; true by default.
    pub fn check_objects(mut self, check: bool) -> Self {
        self.check_objects = check;
        self
    }

    /// How many packages a resource space can have. Without it there is no limit, or 200 when [`Builder::strict`].
    pub fn limit_packages(mut self, limit: u64) -> Self {
        self.limit_packages = Some(limit);
        self
    }

    /// Most bytes that all objects and parts of uploads may have together. Without it the disk is the limit.
    ///
    /// Beyond either, an upload is refused with 403 `InsufficientStorageSpace`.
    pub fn limit_storage(mut self, bytes: u64) -> Self {
        self.limit_storage = Some(bytes);
        self
    }

    /// Takes users, access keys, projects and the region from a file; its form is in the README of this crate.
    ///
    /// Without it there are one user, one access key and one project, which the
    /// [`Emulator`](crate::Emulator) tells.
    pub fn identities(mut self, file: impl Into<PathBuf>) -> Self {
        self.identities = Some(file.into());
        self
    }

    /// Which schemes of request signing are accepted; all by default.
    pub fn signing(mut self, kind: InstanceKind) -> Self {
        self.signing = kind;
        self
    }

    /// Refuses every IoTDA call in one way, to test how a client explains it.
    pub fn refuse_with(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    /// Whether the IoTDA port is the metadata service of a cloud server, too: it then gives temporary access keys of the
    /// first user to everybody who asks. False by default.
    pub fn metadata(mut self, metadata: bool) -> Self {
        self.metadata = metadata;
        self
    }

    /// Begins with the packages and objects of a file, which is a dump or written by hand; its form is in the README of this
    /// crate.
    ///
    /// The data folder must not have packages or objects of its own; [`Emulator::load`](crate::Emulator::load) replaces
    /// them.
    pub fn load(mut self, file: impl Into<PathBuf>) -> Self {
        self.load = Some(file.into());
        self
    }

    /// Answers also requests whose `Host` is this name or one below it; can be repeated.
    ///
    /// Addresses, `localhost` and names below it, and those of the service itself are always answered. Other names are
    /// refused, because a web page could have pointed them here.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Whether there are control calls, below `/emulator/`; true by default. Without them only the health is left.
    pub fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// How many of the last requests [`Emulator::requests`](crate::Emulator::requests) tells, 1,000 by default. They take
    /// at most 8 MiB, however many these are.
    pub fn keep_requests(mut self, requests: usize) -> Self {
        self.requests = requests;
        self
    }

    /// Replaces the source of time and identifiers.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// How long a client may pause in the middle of a request; half a minute is too long for a test.
    #[cfg(test)]
    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("listen", &self.listen)
            .field("obs_listen", &self.obs_listen)
            .field("data_dir", &self.data_dir)
            .field("lock_wait", &self.lock_wait)
            .field("strict", &self.strict)
            .field("check_objects", &self.check_objects)
            .field("limit_packages", &self.limit_packages)
            .field("limit_storage", &self.limit_storage)
            .field("identities", &self.identities)
            .field("signing", &self.signing)
            .field("refusal", &self.refusal)
            .field("metadata", &self.metadata)
            .field("load", &self.load)
            .field("hosts", &self.hosts)
            .field("control", &self.control)
            .field("requests", &self.requests)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
