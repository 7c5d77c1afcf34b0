//! From settings to a client: everything is checked, and all that is wrong is reported at once.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::ClientBuilder;
use crate::auth::scheme::Scheme;
use crate::auth::session::{Given, Session};
use crate::auth::{self, Credentials, CredentialsSource, SourceHttp};
use crate::client::{Client, Shared};
use crate::endpoint;
use crate::error::Error;
use crate::rate::Limiter;
use crate::transport::Clients;
use crate::validate::{Violations, rules};

impl ClientBuilder {
    /// Checks everything and makes the client; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`is_invalid`](Error::is_invalid) with every setting that is missing or cannot be used;
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) for proxies and certificates.
    pub fn build(mut self) -> Result<Client, Error> {
        let mut violations = Violations::default();
        let has_region = self.region.is_some();
        self.check_regions(&mut violations);
        let endpoint = self.iotda_endpoint(has_region, &mut violations);
        let (obs_endpoint, obs_region) = self.obs(endpoint.as_ref(), &mut violations);
        let region = self.region.clone().or_else(|| endpoint.as_ref().and_then(endpoint::region_in));
        let scheme = endpoint
            .as_ref()
            .and_then(|endpoint| Scheme::decide(self.scheme, endpoint, region.as_deref(), &mut violations));
        let iam_endpoint =
            self.iam_endpoint.as_ref().and_then(|text| self.address("iam_endpoint", text, &mut violations));
        match &self.project_id {
            Some(project_id) => rules::project_id(project_id.as_str(), &mut violations),
            // A source of credentials may name it, and IAM may know it by the region.
            None if region.is_some() || has_region || self.source.is_some() => {}
            None => violations.add(
                "project_id",
                "given",
                "",
                "set the region, by whose name IAM finds the project, or the project id, which the console shows under My \
                 Credentials",
            ),
        }
        if let Some(instance_id) = &self.instance_id {
            rules::instance_id(instance_id.as_str(), &mut violations);
        }
        if let Some(limit) = &self.rate_limit {
            limit.check(&mut violations);
        }
        if let Some(token) = &self.token {
            auth::secret_text("token", token.expose_secret(), &mut violations);
        }
        if let Some(key) = &self.access_key {
            key.check(&mut violations);
        }
        // Without violations both are there; the other branch only tells the compiler so.
        let (Some(endpoint), Some(scheme), true) = (endpoint, scheme, violations.is_empty()) else {
            return Err(Error::invalid_settings(violations));
        };
        let timeout = self.timeout.unwrap_or(Duration::from_secs(60));
        let clients = Arc::new(Clients::new(&self.options, timeout, self.http)?);
        let mut lent = SourceHttp::of(Arc::clone(&clients), timeout);
        (lent.iam_endpoint, lent.region, lent.project_id) = (iam_endpoint, region, self.project_id);
        lent.plain_http = self.plain_http;
        let given = |credentials| Arc::new(Given(credentials)) as Arc<dyn CredentialsSource>;
        let token = self.token.map(|token| given(Credentials::token(token.expose_secret())));
        let key = self.access_key.clone().map(|key| given(Credentials::access_key(key)));
        let session = Session::new(token.or(self.source).or(key), self.access_key, scheme, lent);
        Ok(Client(Arc::new(Shared {
            clients,
            endpoint,
            instance_id: self.instance_id,
            timeout,
            idle_timeout: self.options.idle_timeout,
            obs_endpoint,
            obs_region,
            session: Arc::new(session),
            retry: self.retry,
            limiter: self.rate_limit.map(Limiter::new).unwrap_or_default(),
            state_dir: self.state_dir,
            state_name: self.state_name,
        })))
    }

    /// Takes regions out that no address may be made of.
    fn check_regions(&mut self, violations: &mut Violations) {
        for (field, region) in [("region", &mut self.region), ("obs_region", &mut self.obs_region)] {
            let before = violations.len();
            if let Some(value) = region {
                rules::region(field, value, violations);
            }
            if violations.len() > before {
                *region = None;
            }
        }
    }

    fn iotda_endpoint(&self, has_region: bool, violations: &mut Violations) -> Option<Url> {
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
            // A region that cannot be used is reported already.
            (None, None) if has_region => return None,
            (None, None) => {
                let help =
                    "set the endpoint, or a region with a shared address; the emulator needs neither (--emulator)";
                violations.add("endpoint", "given", "", help);
                return None;
            }
        };
        let endpoint = self.address("endpoint", &text, violations)?;
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
            (Some(text), _) => self.address("obs_endpoint", text, violations),
            (None, Some(region)) => endpoint::parse("region", &endpoint::obs_of(region), violations),
            (None, None) => None,
        };
        let region = self.obs_region.clone().or(region).or_else(|| endpoint.as_ref().and_then(endpoint::region_in));
        (endpoint, region)
    }

    /// Reads an address, and refuses one over which credentials would travel in the open.
    fn address(&self, field: &str, text: &str, violations: &mut Violations) -> Option<Url> {
        endpoint::secure(field, text, self.plain_http, violations)
    }
}
