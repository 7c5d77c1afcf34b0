//! Objects in OBS: upload, head, checksum, delete; the native protocol of OBS.
//!
//! [`Obs`] is the handle: `client.obs()?`. [`Obs::upload`] brings a file into a bucket: a small one in a single PUT
//! (`upload/whole`), a larger one in parts that are on their way at the same time (`upload/parts`), with a journal
//! (`journal`) for going on after a cut. The calls of a multipart upload are in `multipart`, what is stored is asked in
//! `get`.
//!
//! What is asked for, and how it is signed, is in `request`; how it is sent and repeated, within which limits, in `attempt`;
//! what a refusal means in `refusal`. Everything that is uploaded carries the SHA-256 of
//! its bytes in `x-obs-content-sha256`, which OBS is documented to verify, so that damaged bytes are refused by the store
//! itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::auth::session::Session;
use crate::call::CallOptions;
use crate::retry::RetryPolicy;

pub(crate) mod address;
mod attempt;
mod background;
pub(crate) mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod get;
mod journal;
mod multipart;
mod refusal;
mod request;
mod upload;
mod watch;

pub use file::LocalFile;
pub(crate) use file::Source;
pub use get::ObjectInfo;
pub use upload::{Upload, Uploaded};

/// The objects that an access key can reach at one OBS address.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let object = client.obs()?.head("firmware", "sensors/2.0/upgrade.bin").await?;
/// println!("{} bytes", object.size);
/// # Ok(()) }
/// ```
///
/// A request that fails in a way that is safe to repeat is repeated, see [`RetryPolicy`]. [`retry`](Self::retry),
/// [`timeout`](Self::timeout) and [`deadline`](Self::deadline) hold for each call by this handle and its clones:
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use std::time::Duration;
///
/// let obs = client.obs()?.deadline(Duration::from_secs(30));
/// let checksum = obs.checksum("firmware", "sensors/2.0/upgrade.bin").await?;
/// # let _ = checksum; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Obs {
    http: reqwest::Client,
    endpoint: Url,
    session: Arc<Session>,
    idle_timeout: Duration,
    options: CallOptions,
    journal_dir: Option<PathBuf>,
    /// What journals call the store, if that is not its address.
    name: Option<String>,
}

impl Obs {
    pub(crate) fn new(http: reqwest::Client, endpoint: Url, session: Arc<Session>, idle_timeout: Duration) -> Self {
        Self { http, endpoint, session, idle_timeout, options: CallOptions::default(), journal_dir: None, name: None }
    }

    /// How often a request is tried, and with which delays; as the client is set otherwise.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// How long one attempt of a request may take; as the client is set otherwise. While a request or an answer carries
    /// an object's content, the client's [`idle_timeout`](crate::ClientBuilder::idle_timeout) is the limit instead.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How long one call may take in all, whatever is done for it: credentials, attempts, delays, content. Nothing is
    /// waited for that would come too late.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// These limits, as far as they are set, in place of its own.
    pub(crate) fn with_options(mut self, options: &CallOptions) -> Self {
        let CallOptions { retry, timeout, deadline, end } = options.clone();
        self.options.retry = retry.or(self.options.retry);
        self.options.timeout = timeout.or(self.options.timeout);
        (self.options.deadline, self.options.end) = (deadline, end);
        self
    }

    /// This, with the time running from now on.
    fn begun(&self) -> Self {
        Self { options: self.options.begun(), ..self.clone() }
    }

    /// Keeps the journals of uploads here unless told otherwise, under this name if that is not the address.
    pub(crate) fn with_journals(mut self, folder: Option<PathBuf>, name: Option<String>) -> Self {
        (self.journal_dir, self.name) = (folder, name);
        self
    }

    /// The OBS base address.
    pub fn endpoint(&self) -> &Url {
        &self.endpoint
    }
}
