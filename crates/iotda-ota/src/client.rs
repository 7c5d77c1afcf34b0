//! The client: one per project, cheap to clone.
//!
//! [`Client::builder`] takes addresses and credentials; the operations hang off [`Client::packages`],
//! [`Client::obs`] and [`Client::publish`].

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::auth::AccessKey;
use crate::error::{Error, ErrorKind};
use crate::model::{AppId, InstanceId, PackageType, PackageVersion, ProductId, ProjectId};
use crate::obs::Obs;
use crate::packages::Packages;
use crate::publish::Publish;

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
/// Clones share connections. Dropping the future of a call ends the call.
#[derive(Clone)]
pub struct Client(Arc<Shared>);

/// What all clones share.
struct Shared {
    http: reqwest::Client,
    endpoint: Url,
    project_id: ProjectId,
    instance_id: Option<InstanceId>,
    token: Option<SecretString>,
    timeout: Duration,
    idle_timeout: Duration,
    obs_endpoint: Option<Url>,
    obs_region: Option<String>,
    access_key: Option<AccessKey>,
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
    /// [`ErrorKind::Unauthenticated`] without an access key, [`ErrorKind::Configuration`] without an OBS address.
    pub fn obs(&self) -> Result<Obs, Error> {
        let Some(access_key) = &self.0.access_key else {
            let error = Error::new(ErrorKind::Unauthenticated, "no access key for OBS");
            return Err(error.with_hint(
                "give an access key (HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK); an IAM token alone cannot upload yet",
            ));
        };
        let Some(endpoint) = &self.0.obs_endpoint else {
            let error = Error::new(ErrorKind::Configuration, "no OBS address");
            return Err(error.with_hint("give the region, or the OBS address (IOTDA_OTA_OBS_ENDPOINT)"));
        };
        Ok(Obs::new(self.0.http.clone(), endpoint.clone(), access_key.clone(), self.0.idle_timeout))
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

    /// The IoTDA base address.
    pub fn endpoint(&self) -> &Url {
        &self.0.endpoint
    }

    /// The project of every call.
    pub fn project_id(&self) -> &ProjectId {
        &self.0.project_id
    }

    /// The instance of every call, if one was named.
    pub fn instance_id(&self) -> Option<&InstanceId> {
        self.0.instance_id.as_ref()
    }

    /// The `region_name` of new OBS locations, if it is known.
    pub fn obs_region(&self) -> Option<&str> {
        self.0.obs_region.as_deref()
    }

    pub(crate) fn obs_endpoint(&self) -> Option<&Url> {
        self.0.obs_endpoint.as_ref()
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn token(&self) -> Option<&SecretString> {
        self.0.token.as_ref()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.0.timeout
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint.as_str())
            .field("project_id", &self.0.project_id)
            .field("instance_id", &self.0.instance_id)
            .finish_non_exhaustive()
    }
}

/// The error of a call to IoTDA without a token.
pub(crate) fn no_token() -> Error {
    Error::new(ErrorKind::Unauthenticated, "no IAM token for IoTDA").with_hint(
        "give an IAM token (IOTDA_OTA_TOKEN); signing IoTDA calls with an access key is not supported yet, the access \
         key serves OBS only",
    )
}
