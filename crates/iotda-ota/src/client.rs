//! The client: one per project, cheap to clone.
//!
//! [`Client::builder`] takes addresses and credentials; the operations hang off [`Client::packages`],
//! [`Client::obs`] and [`Client::publish`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::auth::iam::Iam;
use crate::auth::session::Session;
use crate::auth::{Credentials, SourceHttp};
use crate::error::{Error, ErrorKind};
use crate::model::{AppId, InstanceId, ObsLocation, PackageId, PackageType, PackageVersion, ProductId, ProjectId};
use crate::obs::Obs;
use crate::packages::Packages;
use crate::publish::Publish;
use crate::rate::Limiter;
use crate::retry::{self, RetryPolicy};
use crate::transport::Clients;
use crate::verify::Verify;

mod builder;

pub use builder::ClientBuilder;

/// Access to the OTA upgrade packages of one project.
///
/// ```
/// # fn main() -> Result<(), iotda_ota::Error> {
/// use iotda_ota::{AccessKey, Client};
///
/// let client = Client::builder()
///     .region("cn-north-4")
///     .project_id("fake-project-id")
///     .token("fake-token")
///     .access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"))
///     .build()?;
/// assert_eq!(client.endpoint().as_str(), "https://iotda.cn-north-4.myhuaweicloud.com/");
/// # Ok(()) }
/// ```
///
/// Clones share connections, credentials and the [limit on requests](ClientBuilder::rate_limit). Dropping the future of a
/// call ends the call, and nothing of it goes on; whether what it was about to do was done is not known then. Only a fetch
/// of credentials goes on, because other calls wait for it, too: as a task of the tokio runtime, which ends at the latest
/// with the last clone.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all clones share.
struct Shared {
    clients: Arc<Clients>,
    endpoint: Url,
    instance_id: Option<InstanceId>,
    timeout: Duration,
    idle_timeout: Duration,
    obs_endpoint: Option<Url>,
    obs_region: Option<String>,
    session: Arc<Session>,
    retry: RetryPolicy,
    limiter: Limiter,
    state_dir: Option<PathBuf>,
    state_name: Option<String>,
}

impl Client {
    /// Starts with nothing set.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The packages of the project: create, list, show, delete.
    pub fn packages(&self) -> Packages {
        Packages::new(self.clone())
    }

    /// Objects in OBS: upload, head, checksum.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] without an OBS address, or without the certificates that it needs.
    pub fn obs(&self) -> Result<Obs, Error> {
        let Some(endpoint) = &self.0.obs_endpoint else {
            let error = Error::new(ErrorKind::Configuration, "no OBS address");
            return Err(error.with_hint("give the region, or the OBS address (IOTDA_OTA_OBS_ENDPOINT)"));
        };
        let http = self.0.clients.usual(endpoint)?.clone();
        let obs = Obs::new(http, endpoint.clone(), Arc::clone(&self.0.session), self.0.idle_timeout);
        let obs = obs.retry(self.0.retry.clone()).timeout(self.0.timeout);
        Ok(obs.with_journals(self.journal_dir(), self.0.state_name.clone()))
    }

    /// Starts to publish a file: check, hash, upload, create, read back. See [`Publish`].
    pub fn publish(
        &self,
        file: impl Into<PathBuf>,
        app_id: impl Into<AppId>,
        product_id: impl Into<ProductId>,
        package_type: impl Into<PackageType>,
        version: impl Into<PackageVersion>,
    ) -> Publish {
        Publish::new(self.clone(), file.into(), app_id.into(), product_id.into(), package_type.into(), version.into())
    }

    /// Starts to compare a package's registered checksum, its stored object and perhaps a local file. See [`Verify`].
    pub fn verify(&self, package_id: impl Into<PackageId>) -> Verify {
        Verify::new(self.clone(), package_id.into())
    }

    /// The IoTDA base address.
    pub fn endpoint(&self) -> &Url {
        &self.0.endpoint
    }

    /// The project of every call, if it was configured.
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.0.session.configured_project()
    }

    /// The project of every call: as configured, as the source of credentials names it, else looked up at IAM by the
    /// name of the region, once. What fails on the way is repeated as the client's [`RetryPolicy`] says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if IAM knows none or several of that name; those of the credentials.
    pub async fn find_project_id(&self) -> Result<ProjectId, Error> {
        retry::run(self.retry(), None, async |course| self.0.session.project_id(&course).await).await
    }

    /// What this client lends to sources of credentials; [`Chain::explore`](crate::Chain::explore) takes it.
    pub fn source_http(&self) -> &SourceHttp {
        self.0.session.http()
    }

    /// The IAM base address, unless the credentials name another.
    pub fn iam_endpoint(&self) -> Url {
        Iam::of(self.source_http()).endpoint().clone()
    }

    /// The credentials that calls to IoTDA use now, fetched if need be; repeated as the client's [`RetryPolicy`] says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if there are none; the causes say what each source said.
    pub async fn current_credentials(&self) -> Result<Arc<Credentials>, Error> {
        retry::run(self.retry(), None, async |course| self.0.session.credentials(&course).await).await
    }

    /// The scheme with which requests to IoTDA are signed when there is an access key.
    pub fn signing_scheme(&self) -> &'static str {
        self.0.session.scheme().name()
    }

    /// The instance of every call, if one was named.
    pub fn instance_id(&self) -> Option<&InstanceId> {
        self.0.instance_id.as_ref()
    }

    /// The `region_name` of new OBS locations, if it is known.
    pub fn obs_region(&self) -> Option<&str> {
        self.0.obs_region.as_deref()
    }

    /// The region that an object is in and the one whose OBS this client reaches, if both are known and differ.
    pub(crate) fn out_of_reach<'a>(&'a self, object: &'a ObsLocation) -> Option<(&'a str, &'a str)> {
        let theirs = object.region_name.as_str();
        self.obs_region().filter(|ours| !theirs.is_empty() && *ours != theirs).map(|ours| (theirs, ours))
    }

    pub(crate) fn obs_endpoint(&self) -> Option<&Url> {
        self.0.obs_endpoint.as_ref()
    }

    /// Where uploads keep their journals unless told otherwise.
    pub(crate) fn journal_dir(&self) -> Option<PathBuf> {
        self.0.state_dir.as_ref().map(|folder| folder.join("uploads"))
    }

    /// What locks call the service.
    pub(crate) fn state_name(&self) -> &str {
        self.0.state_name.as_deref().unwrap_or(self.0.endpoint.as_str())
    }

    /// The HTTP client for IoTDA.
    pub(crate) fn http(&self) -> Result<&reqwest::Client, Error> {
        self.0.clients.usual(&self.0.endpoint)
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.0.session
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.0.timeout
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.as_str())
            .field("session", &self.0.session)
            .field("instance_id", &self.0.instance_id)
            .finish_non_exhaustive()
    }
}
