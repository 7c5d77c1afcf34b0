//! Building a client: addresses, project, credentials, limits. What is made of them is in `build`.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::auth::{self, AccessKey, CredentialsSource, SigningScheme};
use crate::model::{InstanceId, ProjectId};
use crate::rate::RateLimit;
use crate::retry::RetryPolicy;
use crate::transport::Options;

mod build;

/// Collects what a [`Client`](crate::Client) needs.
///
/// Required is a [`region`](Self::region) with a known shared address or an [`endpoint`](Self::endpoint). Calls need
/// credentials: a [`token`](Self::token), an [`access_key`](Self::access_key), or another source of
/// [`credentials`](Self::credentials).
///
/// ```
/// # fn main() -> Result<(), iotda_ota::Error> {
/// use std::time::Duration;
/// use iotda_ota::{AccessKey, Client, RateLimit, RetryPolicy};
///
/// let client = Client::builder()
///     .endpoint("https://my-instance.iotda-app.cn-north-4.myhuaweicloud.com")
///     .project_id("fake-project-id")
///     .access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"))
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().max_attempts(8))
///     .rate_limit(RateLimit::per_second(5.0))
///     .build()?;
/// assert_eq!(client.obs_region(), Some("cn-north-4"));
/// # Ok(()) }
/// ```
///
/// Nothing is checked before [`build`](Self::build), which reports everything that is wrong at once. Credentials are
/// not read from the environment unless a source such as [`Chain::official`](crate::Chain::official) is given.
#[derive(Clone, Default)]
#[must_use]
pub struct ClientBuilder {
    region: Option<String>,
    endpoint: Option<String>,
    obs_endpoint: Option<String>,
    obs_region: Option<String>,
    project_id: Option<ProjectId>,
    instance_id: Option<InstanceId>,
    iam_endpoint: Option<String>,
    token: Option<SecretString>,
    access_key: Option<AccessKey>,
    source: Option<Arc<dyn CredentialsSource>>,
    scheme: SigningScheme,
    plain_http: bool,
    timeout: Option<Duration>,
    options: Options,
    http: Option<reqwest::Client>,
    retry: RetryPolicy,
    rate_limit: Option<RateLimit>,
    state_dir: Option<PathBuf>,
    state_name: Option<String>,
}

impl ClientBuilder {
    /// The region id, any text; known ones have a shared IoTDA address.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The IoTDA base address. A dedicated instance has its own, which the console shows under Overview.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// The OBS base address, without a bucket. Otherwise the region's.
    pub fn obs_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.obs_endpoint = Some(endpoint.into());
        self
    }

    /// The `region_name` of OBS locations. Otherwise the region, else the one in the OBS address.
    pub fn obs_region(mut self, region: impl Into<String>) -> Self {
        self.obs_region = Some(region.into());
        self
    }

    /// The project id. Otherwise the one that the source of credentials names, else the one that IAM knows by the name
    /// of the region.
    pub fn project_id(mut self, project_id: impl Into<ProjectId>) -> Self {
        self.project_id = Some(project_id.into());
        self
    }

    /// The instance id, sent with every call as `Instance-Id`.
    ///
    /// The documentation asks for it with the professional edition; a dedicated address already names its instance.
    pub fn instance_id(mut self, instance_id: impl Into<InstanceId>) -> Self {
        self.instance_id = Some(instance_id.into());
        self
    }

    /// An IAM token, sent to IoTDA as `X-Auth-Token`. Its scope has to be the project.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(auth::secret(token));
        self
    }

    /// An access key. It signs OBS requests and, unless there is a token or another source, those to IoTDA.
    pub fn access_key(mut self, key: AccessKey) -> Self {
        self.access_key = Some(key);
        self
    }

    /// Another source of credentials: a [`Password`](crate::Password), a [`Chain`](crate::Chain), or your own. A token
    /// goes first.
    pub fn credentials(mut self, source: impl CredentialsSource) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// How requests to IoTDA are signed with an access key; decided by the address otherwise.
    pub fn signing_scheme(mut self, scheme: SigningScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// The IAM base address, where tokens are fetched and projects are looked up. Otherwise the region's.
    pub fn iam_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.iam_endpoint = Some(endpoint.into());
        self
    }

    /// Allows `http://` addresses other than this machine's. Everybody on the way can read the credentials then.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// How long one attempt of a call to IoTDA, IAM, STS or OBS may take; 60 seconds otherwise. Content of objects has
    /// another limit, [`idle_timeout`](Self::idle_timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take; 10 seconds otherwise, and always less than an attempt.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// How long 256 KiB of an object's content may be on their way before the upload or download is given up; 60 seconds
    /// otherwise. There is no limit on the whole.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = timeout;
        self
    }

    /// How failed calls are repeated; see [`RetryPolicy`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many requests may be sent to IoTDA, by all clones together; as many as calls need otherwise.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// A folder for what should survive this process, made if need be: the journals by which uploads go on after they
    /// were broken off, and locks between processes. Without one nothing is kept.
    pub fn state_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_dir = Some(folder.into());
        self
    }

    /// What journals and locks call the service instead of its addresses. Uploads to one whose addresses are others from
    /// run to run, such as an emulator on free ports, go on by this name.
    pub fn state_name(mut self, name: impl Into<String>) -> Self {
        self.state_name = Some(name.into());
        self
    }

    /// Certificates to trust besides the platform's, as the text of a PEM file. May be called more than once.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.ca_certificates.push(pem.into());
        self
    }

    /// Takes no proxy from the environment.
    pub fn no_proxy(mut self) -> Self {
        self.options.no_proxy = true;
        self
    }

    /// A ready HTTP client. Proxies, certificates and connection limits are its own then. About its TLS see the crate's
    /// section on features.
    ///
    /// It must not follow redirects: build it with `redirect(reqwest::redirect::Policy::none())`. With another policy
    /// a redirect sends the credentials of that request on before anybody can stop it; the call then fails, and says
    /// that the client followed. One thing cannot be seen: a client that was sent to another address and from there back
    /// to the first one ends where it should have been, so that the call succeeds although the other address has read
    /// the credentials. Requests to the metadata service do not go through it.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses are not checked yet and may hold a password; certificates are long.
        f.debug_struct("ClientBuilder")
            .field("region", &self.region)
            .field("project_id", &self.project_id)
            .field("instance_id", &self.instance_id)
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}
