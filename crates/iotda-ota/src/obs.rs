//! Objects in OBS: upload, head, checksum, delete; the native protocol of OBS.
//!
//! [`Obs`] is the handle: `client.obs()?`. [`Obs::upload`] brings a file into a bucket: a small one in a single PUT
//! (`upload/whole`), a larger one in parts that are on their way at the same time (`upload/parts`), with a journal
//! (`journal`) for going on after a cut. The calls of a multipart upload are in `multipart`, what is stored is asked in
//! `get`.
//!
//! How one request is made, signed, sent and repeated is in `request`. Everything that is uploaded carries the SHA-256 of
//! its bytes in `x-obs-content-sha256`, which OBS is documented to verify, so that damaged bytes are refused by the store
//! itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::auth::session::Session;
use crate::retry::RetryPolicy;

pub(crate) mod address;
mod background;
pub(crate) mod file;
mod get;
mod journal;
mod multipart;
mod refusal;
mod request;
mod upload;
mod watch;

pub use file::LocalFile;
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
/// A request that fails in a way that is safe to repeat is repeated, see [`RetryPolicy`].
#[derive(Clone, Debug)]
pub struct Obs {
    http: reqwest::Client,
    endpoint: Url,
    session: Arc<Session>,
    idle_timeout: Duration,
    retry: RetryPolicy,
    journal_dir: Option<PathBuf>,
    /// What journals call the store, if that is not its address.
    name: Option<String>,
}

impl Obs {
    pub(crate) fn new(http: reqwest::Client, endpoint: Url, session: Arc<Session>, idle_timeout: Duration) -> Self {
        Self { http, endpoint, session, idle_timeout, retry: RetryPolicy::default(), journal_dir: None, name: None }
    }

    /// Repeats requests like this.
    pub(crate) fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
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
