//! Building a client: addresses, project, credentials, limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Client, Shared};
use crate::auth::{self, AccessKey};
use crate::endpoint;
use crate::error::Error;
use crate::model::{InstanceId, ProjectId};
use crate::transport::{self, Options};
use crate::validate::{Violations, rules};

/// Collects what a [`Client`] needs.
///
/// Required are a project id and either a [`region`](Self::region) with a known shared address or an
/// [`endpoint`](Self::endpoint). Calls to IoTDA need a [`token`](Self::token), uploads an
/// [`access_key`](Self::access_key).
#[derive(Clone, Default)]
#[must_use]
pub struct ClientBuilder {
    region: Option<String>,
    endpoint: Option<String>,
    obs_endpoint: Option<String>,
    obs_region: Option<String>,
    project_id: Option<ProjectId>,
    instance_id: Option<InstanceId>,
    token: Option<SecretString>,
    access_key: Option<AccessKey>,
    timeout: Option<Duration>,
    options: Options,
    http: Option<reqwest::Client>,
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

    /// The project id; required.
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
        self.token = Some(SecretString::from(token.into()));
        self
    }

    /// The access key that signs OBS requests.
    pub fn access_key(mut self, key: AccessKey) -> Self {
        self.access_key = Some(key);
        self
    }

    /// How long one attempt of an IoTDA call may take; 60 seconds otherwise. Uploads have no such limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long connecting may take; 10 seconds otherwise, and always less than an attempt.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// How long OBS may neither take nor send anything before an upload or download is given up; 60 seconds otherwise.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.options.idle_timeout = timeout;
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

    /// A ready HTTP client. Proxies, certificates and connection limits are its own then; it should not follow
    /// redirects. About its TLS see the crate's section on features.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http = Some(client);
        self
    }

    /// Checks everything and makes the client; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) with every setting that is missing or cannot be used;
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for proxies and certificates.
    pub fn build(self) -> Result<Client, Error> {
        let mut violations = Violations::default();
        let endpoint = self.iotda_endpoint(&mut violations);
        let (obs_endpoint, obs_region) = self.obs(endpoint.as_ref(), &mut violations);
        match &self.project_id {
            Some(project_id) => rules::project_id(project_id.as_str(), &mut violations),
            None => violations.add(
                "project_id",
                "given",
                "",
                "set the project id; the console shows it under My Credentials",
            ),
        }
        if let Some(instance_id) = &self.instance_id {
            rules::instance_id(instance_id.as_str(), &mut violations);
        }
        if let Some(token) = &self.token {
            auth::secret_text("token", token.expose_secret(), &mut violations);
        }
        if let Some(key) = &self.access_key {
            key.check(&mut violations);
        }
        // Without violations both are there; the other branch only tells the compiler so.
        let (Some(endpoint), Some(project_id), true) = (endpoint, self.project_id, violations.is_empty()) else {
            return Err(Error::invalid_settings(violations));
        };
        let timeout = self.timeout.unwrap_or(Duration::from_secs(60));
        let http = match self.http {
            Some(client) => client,
            None => transport::client(&self.options, timeout)?,
        };
        Ok(Client(Arc::new(Shared {
            http,
            endpoint,
            project_id,
            instance_id: self.instance_id,
            token: self.token,
            timeout,
            idle_timeout: self.options.idle_timeout,
            obs_endpoint,
            obs_region,
            access_key: self.access_key,
        })))
    }

    fn iotda_endpoint(&self, violations: &mut Violations) -> Option<Url> {
        let text = match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(region)) => match endpoint::iotda_of(region) {
                Some(endpoint) => endpoint,
                None => {
                    let help = "give the endpoint too; the console shows the address of your instance under Overview";
                    violations.add("region", "one with a known shared address", region, help);
                    return None;
                }
            },
            (None, None) => {
                let help =
                    "set the endpoint, or a region with a shared address; the emulator needs neither (--emulator)";
                violations.add("endpoint", "given", "", help);
                return None;
            }
        };
        let endpoint = endpoint::parse("endpoint", &text, violations)?;
        if let (true, Some(region), Some(named)) =
            (endpoint::is_dedicated(&endpoint), &self.region, endpoint::region_in(&endpoint))
            && *region != named
        {
            let help = format!("leave the region out, or set it to {named}, which the dedicated address names");
            violations.add("region", "the one in the endpoint", region, help);
        }
        Some(endpoint)
    }

    /// The OBS address and the region of locations. Either may be missing: who only lists needs no OBS.
    fn obs(&self, iotda: Option<&Url>, violations: &mut Violations) -> (Option<Url>, Option<String>) {
        let region = self.region.clone().or_else(|| iotda.and_then(endpoint::region_in));
        let endpoint = match (&self.obs_endpoint, &region) {
            (Some(text), _) => endpoint::parse("obs_endpoint", text, violations),
            (None, Some(region)) => endpoint::parse("region", &endpoint::obs_of(region), violations),
            (None, None) => None,
        };
        let region = self.obs_region.clone().or(region).or_else(|| endpoint.as_ref().and_then(endpoint::region_in));
        (endpoint, region)
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
