//! A local emulator of the OTA upgrade packages of Huawei Cloud IoTDA, with the parts of IAM and OBS they need.
//!
//! It starts in one line inside a `#[tokio::test]`:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two free ports on the loopback address, and a temporary folder that goes when the emulator does.
//! let emulator = iotda_ota_emulator::Emulator::start().await?;
//!
//! # let _ = rustls::crypto::ring::default_provider().install_default();
//! let answer = reqwest::Client::new()
//!     .get(format!(
//!         "{}/v5/iot/{}/ota-upgrades/packages?package_type=firmwarePackage",
//!         emulator.endpoint(),
//!         emulator.project_id(),
//!     ))
//!     .header("X-Auth-Token", emulator.token())
//!     .send()
//!     .await?;
//! assert_eq!(answer.text().await?, r#"{"packages":[],"page":{"count":0}}"#);
//! # Ok(())
//! # }
//! ```
//!
//! [`Emulator::builder`] gives a [`Builder`]: addresses, data folder, strictness, limits, a replaceable [`Clock`], who may
//! call and with which signatures ([`InstanceKind`]), and a [`Refusal`] for tests.
//! [`Builder::start`] gives the running [`Emulator`], which says where it listens and with which credentials, or a
//! [`StartError`].
//!
//! A running emulator can be told to fail ([`Emulator::faults`]), asked what it was sent ([`Emulator::requests`]), written
//! to a file and read from one ([`Emulator::dump`], [`Emulator::load`]), and emptied ([`Emulator::reset`]). The same are
//! control calls below `/emulator/` for programs in other languages; the README of this crate describes them.
//!
//! # A complete example
//!
//! Two tests of a program that registers versions, one in which all goes well and one in which an answer is lost. They
//! need `tokio` with `macros` and `rt`, `reqwest` with `json`, and `serde_json`:
//!
//! ```no_run
#![doc = include_str!("../tests/example.rs")]
//! ```
//!
//! # What it is not
//!
//! What it does differently from the service, and every error code of its own, is in the README of this crate. The
//! command that runs it by itself, `iotda-ota emulator`, is in the crate `iotda-ota-cli`.

#![forbid(unsafe_code)]

mod builder;
mod clock;
mod faults;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod http;
mod identity;
mod instance;
mod journal;
mod limits;
mod operation;
mod package;
mod rejection;
mod rules;
mod start_error;
mod state;
mod store;
mod suggestion;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use builder::Builder;
pub use clock::{Clock, FixedClock, IdKind, SystemClock, TimeError};
pub use faults::{ActiveFault, ErrorShape, Fault, FaultError, FaultKind, Faults};
pub use instance::{InstanceKind, Refusal};
pub use journal::RecordedRequest;
pub use operation::{Operation, Scope, Service, UnknownScope};
pub use start_error::StartError;
pub use state::{Loaded, StateError};

use http::Shared;
use identity::Identities;

/// How long [`Emulator::shutdown`] waits for requests that are still running.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running emulator.
///
/// It serves as long as this value lives: dropping it stops it at once and gives its data folder free.
/// [`Emulator::shutdown`] first lets running requests finish.
pub struct Emulator {
    endpoint: String,
    obs_endpoint: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    abort: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
    temporary: Option<TempDir>,
}

impl Emulator {
    /// Starts an emulator with the default settings: free loopback ports and a temporary folder.
    ///
    /// # Errors
    ///
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Begins to describe an emulator; every setting has a default.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base address of the IoTDA port, such as `http://127.0.0.1:8790`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The base address of the OBS port, such as `http://127.0.0.1:8791`.
    ///
    /// Use it in path style; for virtual-host style put the bucket before `localhost`.
    pub fn obs_endpoint(&self) -> &str {
        &self.obs_endpoint
    }

    /// The base address of IAM, which is that of the IoTDA port.
    pub fn iam_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The base address of the metadata service, which is that of the IoTDA port, if there is one: see
    /// [`Builder::metadata`].
    pub fn metadata_endpoint(&self) -> Option<&str> {
        self.shared.metadata.then_some(&self.endpoint)
    }

    /// The region the emulator claims to be.
    pub fn region(&self) -> &str {
        &self.identities().region
    }

    /// The id of the first user's first project.
    pub fn project_id(&self) -> &str {
        &self.identities().first.1.id
    }

    /// The token that never expires, for that user and project.
    pub fn token(&self) -> &str {
        identity::TOKEN
    }

    /// The name of the first user of IAM.
    pub fn user(&self) -> &str {
        &self.identities().first_user().name
    }

    /// The password of that user.
    pub fn password(&self) -> &str {
        &self.identities().first_user().password
    }

    /// The name of that user's account.
    pub fn domain(&self) -> &str {
        &self.identities().first_user().domain
    }

    /// The id of that user's first access key.
    pub fn access_key_id(&self) -> &str {
        &self.identities().first.0.id
    }

    /// The secret of that access key.
    pub fn secret_access_key(&self) -> &str {
        &self.identities().first.0.secret
    }

    /// The bucket that exists from the start.
    pub fn bucket(&self) -> &str {
        identity::BUCKET
    }

    /// What goes wrong on purpose; nothing at first.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The last requests, oldest first, without control calls; [`Builder::keep_requests`] says how many.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.journal.list()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.journal.clear();
    }

    /// Writes all packages, objects and buckets to a file, which [`Emulator::load`] and [`Builder::load`] read. Unfinished
    /// multipart uploads are not in it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or the data not be read.
    pub async fn dump(&self, file: impl AsRef<Path>) -> Result<(), StateError> {
        state::dump::dump(&self.shared.store, tokio::fs::File::create(file).await?).await
    }

    /// Replaces all packages, objects and buckets by those of a file, which is a dump or written by hand; its form is in the
    /// README of this crate. Unfinished multipart uploads are given up.
    ///
    /// # Errors
    ///
    /// When the file has a mistake, or its objects are more than [`Builder::limit_storage`] allows, and then nothing was
    /// changed; or when the data cannot be written: after [`StateError::Interrupted`] the emulator is empty.
    pub async fn load(&self, file: impl AsRef<Path>) -> Result<Loaded, StateError> {
        state::load::load(&self.shared.store, tokio::fs::File::open(file).await?).await
    }

    /// Makes the emulator as it was when it was started for the first time: no packages, objects, unfinished uploads, faults
    /// and recorded requests, one bucket, and a [`FixedClock`] counts from one again.
    ///
    /// # Errors
    ///
    /// When the data cannot be written.
    pub async fn reset(&self) -> Result<(), StateError> {
        Ok(self.shared.reset().await?)
    }

    fn identities(&self) -> &Identities {
        &self.shared.access.identities
    }

    /// Stops: takes no more requests, gives running ones five seconds to finish, and closes the data folder.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let servers = std::mem::take(&mut self.servers);
        let finished = async {
            for server in servers {
                // A server only fails by a panic, and then it has stopped as well.
                let _ = server.await;
            }
        };
        // What still runs then is given up in the same way as by a drop.
        let _ = tokio::time::timeout(PATIENCE, finished).await;
        self.abort.send_replace(true);
        // Closing the database syncs, and removing a temporary folder may take a while.
        let dropped = tokio::task::spawn_blocking(move || drop(self)).await;
        if let Err(error) = dropped
            && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.abort.send_replace(true);
        for server in &self.servers {
            server.abort();
        }
        self.shared.store.close();
        // Only now, after the database is closed, can every system remove the folder.
        drop(self.temporary.take());
        #[cfg(feature = "check-answers")]
        self.shared.undocumented.tell();
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint)
            .field("obs_endpoint", &self.obs_endpoint)
            .finish_non_exhaustive()
    }
}

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
