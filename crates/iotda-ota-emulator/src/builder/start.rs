//! From settings to a running emulator: identities, data folder, ports, servers.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::watch;

use super::Builder;
use crate::Emulator;
use crate::clock::{Clock, SystemClock};
use crate::faults::Faults;
use crate::http::front::Front;
use crate::http::server::Bound;
use crate::http::{Access, Shared, iotda, obs};
use crate::identity::{self, Identities};
use crate::journal::Journal;
use crate::operation::Port;
use crate::rules::stored::Checks;
use crate::start_error::StartError;
use crate::state::load::load;
use crate::store::{Leftovers, OpenOptions, Store};

/// The quota of packages per resource space that the service documents, applied by [`Builder::strict`].
const DOCUMENTED_QUOTA: u64 = 200;

/// How long to wait before a locked folder is tried again.
const PAUSE: Duration = Duration::from_millis(20);

impl Builder {
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
        self.limits.check()?;
        let clock: Arc<dyn Clock> = match &self.clock {
            Some(clock) => Arc::clone(clock),
            None => Arc::new(SystemClock::new()),
        };
        let identities = self.load_identities().await?;
        let Opened { store, leftovers, temporary } = self.open_store(Arc::clone(&clock)).await?;
        // From here on a failure has to give the folder free, which the store's lock does when it is closed.
        let bound = match self.bind_and_load(&store).await {
            Ok(bound) => bound,
            Err(error) => {
                let _ = tokio::task::spawn_blocking(move || store.close()).await;
                return Err(error);
            }
        };
        // Nothing can fail any more, and no request comes in yet. This task only fails by a panic, which a start outlives.
        let _ = tokio::task::spawn_blocking(move || leftovers.clear()).await;
        Ok(self.serve(store, temporary, identities, clock, bound))
    }

    async fn load_identities(&self) -> Result<Arc<Identities>, StartError> {
        let file = self.identities.clone();
        let loaded = tokio::task::spawn_blocking(move || Identities::load(file.as_deref())).await;
        let failed =
            |error| StartError::identities_file(&self.identities.clone().unwrap_or_default(), io::Error::other(error));
        loaded.map_err(failed)?.map(Arc::new)
    }

    /// Opens the store, trying again while another emulator uses the folder.
    async fn open_store(&self, clock: Arc<dyn Clock>) -> Result<Opened, StartError> {
        let start = Instant::now();
        loop {
            let waited = start.elapsed();
            let data_dir = self.data_dir.clone();
            let limit_storage = self.limit_storage;
            let clock = Arc::clone(&clock);
            let opened = tokio::task::spawn_blocking(move || open_once(data_dir, limit_storage, waited, clock)).await;
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

    async fn bind_and_load(&self, store: &Store) -> Result<[Bound; 2], StartError> {
        let bound = self.bind().await?;
        if let Some(file) = &self.load {
            let failed = |error| StartError::load(file, error);
            if !store.is_empty().await.map_err(|error| failed(error.into()))? {
                return Err(StartError::NotEmpty { file: file.clone() });
            }
            let open = tokio::fs::File::open(file).await.map_err(|error| failed(error.into()))?;
            load(store, open).await.map_err(failed)?;
        }
        Ok(bound)
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
        identities: Arc<Identities>,
        clock: Arc<dyn Clock>,
        [iotda_port, obs_port]: [Bound; 2],
    ) -> Emulator {
        let faults = Faults::default();
        let journal = Arc::new(Journal::new(self.requests));
        let (stop, stopped) = watch::channel(false);
        let (abort, aborted) = watch::channel(false);
        let endpoint = iotda_port.endpoint();
        let obs_endpoint = obs_port.endpoint();
        store.announce(&format!("{endpoint} and {obs_endpoint}"));
        let shared = Arc::new(Shared {
            store,
            clock,
            checks: Checks {
                objects: self.check_objects,
                strict: self.strict,
                limit_packages: self.limit_packages.or(self.strict.then_some(DOCUMENTED_QUOTA)),
            },
            faults,
            journal,
            limits: self.limits,
            hosts: self.hosts.clone(),
            control: self.control,
            access: Access { identities, kind: self.signing, refusal: self.refusal },
            metadata: self.metadata,
            endpoint: endpoint.clone(),
            resets: Default::default(),
            patience: self.patience,
            abort: aborted,
            #[cfg(feature = "check-answers")]
            undocumented: Default::default(),
        });
        let iotda = Front::new(Port::Iotda, iotda(Arc::clone(&shared)), Arc::clone(&shared), stopped.clone());
        let obs = Front::new(Port::Obs, obs::router(Arc::clone(&shared)), Arc::clone(&shared), stopped.clone());
        let servers = vec![
            iotda_port.serve(iotda, self.patience, self.limits, stopped.clone()),
            obs_port.serve(obs, self.patience, self.limits, stopped),
        ];
        Emulator { endpoint, obs_endpoint, shared, stop, abort, servers, temporary }
    }
}

/// The data folder, checked and locked.
struct Opened {
    store: Store,
    leftovers: Leftovers,
    temporary: Option<TempDir>,
}

fn open_once(
    data_dir: Option<PathBuf>,
    limit_storage: Option<u64>,
    waited: Duration,
    clock: Arc<dyn Clock>,
) -> Result<Opened, StartError> {
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
    let options = OpenOptions { folder, waited, durable, bucket: identity::BUCKET, limit_storage };
    let (store, leftovers) = Store::open(&options, clock)?;
    Ok(Opened { store, leftovers, temporary })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_ports_are_of_the_loopback_address_unless_told_otherwise() {
        for port in Builder::default().bind().await.unwrap() {
            assert!(port.address().ip().is_loopback(), "{}", port.address());
        }
        let [iotda, obs] = Builder::default().listen("0.0.0.0:0".parse().unwrap()).bind().await.unwrap();
        assert!(iotda.address().ip().is_unspecified() && obs.address().ip().is_loopback());
        assert!(iotda.endpoint().starts_with("http://127.0.0.1:"), "{}", iotda.endpoint());
    }
}
