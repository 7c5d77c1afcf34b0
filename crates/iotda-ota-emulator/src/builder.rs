//! The settings of an emulator, and starting it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::watch;

use crate::clock::{Clock, SystemClock};
use crate::http::server::Bound;
use crate::http::{Shared, iotda, obs};
use crate::rules::stored::Checks;
use crate::start_error::StartError;
use crate::store::{Leftovers, OpenOptions, Store};
use crate::{Emulator, identity};

/// The quota of packages per resource space that the service documents, applied by [`Builder::strict`].
const DOCUMENTED_QUOTA: u64 = 200;

/// How long to wait before a locked folder is tried again.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a client may keep the emulator waiting in the middle of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of an [`Emulator`].
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

    /// Opens the data folder, binds both ports and serves them on the current Tokio runtime.
    ///
    /// # Errors
    ///
    /// A [`StartError`] that names the address, folder or file and says what to do.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with time and I/O enabled.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(clock) => Arc::clone(clock),
            None => Arc::new(SystemClock::new()),
        };
        let Opened { store, leftovers, temporary } = self.open_store(Arc::clone(&clock)).await?;
        // From here on a failure has to give the folder free, which the store's lock does when it is closed.
        let bound = match self.bind().await {
            Ok(bound) => bound,
            Err(error) => {
                store.close();
                return Err(error);
            }
        };
        // Nothing can fail any more, and no request comes in yet. This task only fails by a panic, which a start outlives.
        let _ = tokio::task::spawn_blocking(move || leftovers.clear()).await;
        Ok(self.serve(store, temporary, clock, bound))
    }

    /// Opens the store, trying again while another emulator uses the folder.
    async fn open_store(&self, clock: Arc<dyn Clock>) -> Result<Opened, StartError> {
        let start = Instant::now();
        loop {
            let waited = start.elapsed();
            let data_dir = self.data_dir.clone();
            let clock = Arc::clone(&clock);
            let opened = tokio::task::spawn_blocking(move || open_once(data_dir, waited, clock)).await;
            match opened {
                Ok(Err(StartError::Locked { .. })) if waited < self.lock_wait => tokio::time::sleep(PAUSE).await,
                Ok(opened) => return opened,
                Err(error) => {
                    let folder = self.data_dir.clone().unwrap_or_else(std::env::temp_dir);
                    return Err(StartError::folder(&folder, io::Error::other(error)));
                }
            }
        }
    }

    async fn bind(&self) -> Result<[Bound; 2], StartError> {
        let bind = async |address, purpose, flag| {
            Bound::bind(address).await.map_err(|source| StartError::address(address, purpose, flag, source))
        };
        Ok([bind(self.listen, "IoTDA", "--listen").await?, bind(self.obs_listen, "OBS", "--obs-listen").await?])
    }

    fn serve(
        &self,
        store: Store,
        temporary: Option<TempDir>,
        clock: Arc<dyn Clock>,
        [iotda_port, obs_port]: [Bound; 2],
    ) -> Emulator {
        let (stop, stopped) = watch::channel(false);
        let (abort, aborted) = watch::channel(false);
        let endpoint = iotda_port.endpoint();
        let obs_endpoint = obs_port.endpoint();
        store.announce(&format!("{endpoint} and {obs_endpoint}"));
        let shared = Arc::new(Shared {
            store: store.clone(),
            clock,
            checks: Checks {
                objects: self.check_objects,
                strict: self.strict,
                limit_packages: self.limit_packages.or(self.strict.then_some(DOCUMENTED_QUOTA)),
            },
            patience: self.patience,
            abort: aborted,
        });
        let servers = vec![
            iotda_port.serve(iotda(Arc::clone(&shared)), self.patience, stopped.clone()),
            obs_port.serve(obs::router(shared), self.patience, stopped),
        ];
        Emulator { endpoint, obs_endpoint, store, stop, abort, servers, temporary }
    }
}

/// The data folder, checked and locked.
struct Opened {
    store: Store,
    leftovers: Leftovers,
    temporary: Option<TempDir>,
}

fn open_once(data_dir: Option<PathBuf>, waited: Duration, clock: Arc<dyn Clock>) -> Result<Opened, StartError> {
    let durable = data_dir.is_some();
    let (folder, temporary) = match data_dir {
        Some(folder) => (folder, None),
        None => {
            let temporary = tempfile::Builder::new()
                .prefix("iotda-ota-emulator-")
                .tempdir()
                .map_err(|source| StartError::folder(&std::env::temp_dir(), source))?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    let options = OpenOptions { folder, waited, durable, bucket: identity::BUCKET };
    let (store, leftovers) = Store::open(&options, clock)?;
    Ok(Opened { store, leftovers, temporary })
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
            .finish_non_exhaustive()
    }
}
