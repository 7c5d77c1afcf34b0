//! Temporary keys from STS for the token of an OIDC provider.
//!
//! Variables, request and answer are those of the official SDK (huaweicloudsdkcore 3.1.219, `auth/provider.py`, class
//! `OidcStsCredentialProvider`); the limits on the duration are those of STS's own request type (huaweicloudsdksts,
//! `AssumeAgencyWithOIDCReqBody`).

use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use url::Url;

use super::BoxFuture;
use super::entries::half;
use super::exchange::{self, Asked, address};
use super::{Credentials, CredentialsSource, SourceError, SourceHttp, Variables, environment, secret_file};
use crate::error::hints::Proof;

const PROVIDER_URN: &str = "HUAWEICLOUD_OIDC_PROVIDER_URN";
const AGENCY_URN: &str = "HUAWEICLOUD_OIDC_AGENCY_URN";
const ID_TOKEN: &str = "HUAWEICLOUD_OIDC_ID_TOKEN";
const TOKEN_FILE: &str = "HUAWEICLOUD_OIDC_TOKEN_FILE";
const SESSION_NAME: &str = "HUAWEICLOUD_OIDC_SESSION_NAME";
const DURATION_SECONDS: &str = "HUAWEICLOUD_OIDC_DURATION_SECONDS";
const POLICY: &str = "HUAWEICLOUD_OIDC_POLICY";
const POLICY_IDS: &str = "HUAWEICLOUD_OIDC_POLICY_IDS";
const STS_ENDPOINT: &str = "HUAWEICLOUD_SDK_STS_ENDPOINT";

/// The regions that have an STS address of their own (huaweicloudsdkcore 3.1.219, `auth/endpoint.py`). Keys from any of
/// them work everywhere.
const REGIONS: [&str; 12] = [
    "af-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-3",
    "cn-north-4",
    "cn-south-1",
    "cn-southwest-2",
    "la-south-2",
    "sa-brazil-1",
    "tr-west-1",
];

/// The region whose STS serves all others.
const DEFAULT_REGION: &str = "cn-north-4";

/// Temporary keys for the identity token of an OIDC provider, such as a CI system.
///
/// `HUAWEICLOUD_OIDC_PROVIDER_URN`, `HUAWEICLOUD_OIDC_AGENCY_URN`, and the token in `HUAWEICLOUD_OIDC_ID_TOKEN` or in
/// the file that `HUAWEICLOUD_OIDC_TOKEN_FILE` names; if wanted, also `HUAWEICLOUD_OIDC_SESSION_NAME`,
/// `HUAWEICLOUD_OIDC_DURATION_SECONDS`, `HUAWEICLOUD_OIDC_POLICY`, `HUAWEICLOUD_OIDC_POLICY_IDS` and
/// `HUAWEICLOUD_SDK_STS_ENDPOINT`. The file is read again for every exchange. Without an endpoint the STS of the
/// client's region is asked, if it has one.
#[derive(Clone, Debug)]
pub struct Oidc {
    variables: Variables,
    timeout: Option<Duration>,
}

/// What one exchange cannot do without.
struct Exchange {
    provider_urn: String,
    agency_urn: String,
    id_token: Zeroizing<String>,
}

/// What STS is asked.
#[derive(Serialize)]
struct Body<'a> {
    provider_urn: &'a str,
    agency_urn: &'a str,
    agency_session_name: String,
    id_token: &'a str,
    duration_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_ids: Option<Vec<String>>,
}

impl Oidc {
    /// Takes everything from these variables.
    pub fn new(variables: Variables) -> Self {
        Self { variables, timeout: None }
    }

    /// How long the exchange may take; as long as one attempt of the client's calls otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let exchange = self.exchange().await?;
        let sts = self.sts(http).map_err(SourceError::Broken)?;
        let base = sts.as_str().trim_end_matches('/');
        let body = self.body(&exchange).map_err(SourceError::Broken)?;
        let request = http.client(&sts)?.post(format!("{base}/v5/agencies/assume-with-oidc"));
        let request = exchange::with_json(request, &body)?;
        let asked = Asked {
            name: &format!("STS at {base}"),
            operation: "sts_assume_agency_with_oidc",
            limit: self.timeout.unwrap_or(http.timeout),
            secret: &exchange.id_token,
            proof: Proof::Other,
            course: &http.course,
        };
        let credentials = asked.key(request).await?;
        Ok(match self.variables.get(environment::PROJECT_ID) {
            Some(id) => credentials.with_project_id(id).with_project_origin(environment::PROJECT_ID),
            None => credentials,
        })
    }

    async fn exchange(&self) -> Result<Exchange, SourceError> {
        let [provider_urn, agency_urn, file] =
            [PROVIDER_URN, AGENCY_URN, TOKEN_FILE].map(|name| self.variables.get(name));
        let token = self.variables.secret(ID_TOKEN);
        let token_names = format!("{ID_TOKEN} or {TOKEN_FILE}");
        let token_name = match (&token, &file) {
            (Some(_), _) => ID_TOKEN,
            (None, Some(_)) => TOKEN_FILE,
            (None, None) => token_names.as_str(),
        };
        let parts = [
            (provider_urn.is_some(), PROVIDER_URN),
            (agency_urn.is_some(), AGENCY_URN),
            (token.is_some() || file.is_some(), token_name),
        ];
        let names = |wanted| parts.iter().filter(|(given, _)| *given == wanted).map(|(_, name)| *name).collect();
        let (missing, given): (Vec<_>, Vec<_>) = (names(false), names(true));
        let (Some(provider_urn), Some(agency_urn), true) = (provider_urn, agency_urn, missing.is_empty()) else {
            return Err(match given.is_empty() {
                true => SourceError::Absent(format!("not set: {}", missing.join(", "))),
                false => half(&missing, &given),
            });
        };
        let id_token = match (token, file) {
            (Some(token), _) => match token.chars().all(|c| c.is_ascii_graphic()) {
                true => Ok(token),
                false => Err(format!("{ID_TOKEN} holds a blank, a control character or one outside ASCII")),
            },
            (None, file) => secret_file::token(TOKEN_FILE, file.as_deref().unwrap_or_default()).await,
        };
        Ok(Exchange { provider_urn, agency_urn, id_token: id_token.map_err(SourceError::Broken)? })
    }

    fn sts(&self, http: &SourceHttp) -> Result<Url, String> {
        match self.variables.get(STS_ENDPOINT) {
            Some(endpoint) => address(STS_ENDPOINT, &endpoint, http),
            None => address("the address of STS", &sts_of(http.region.as_deref()), http),
        }
    }

    fn body<'a>(&self, exchange: &'a Exchange) -> Result<Body<'a>, String> {
        let list = |ids: String| ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        Ok(Body {
            provider_urn: &exchange.provider_urn,
            agency_urn: &exchange.agency_urn,
            agency_session_name: self.variables.get(SESSION_NAME).unwrap_or_else(|| "oidc-sts-session".to_owned()),
            id_token: &exchange.id_token,
            duration_seconds: self.duration_seconds()?,
            policy: self.variables.get(POLICY),
            policy_ids: self.variables.get(POLICY_IDS).map(list),
        })
    }

    fn duration_seconds(&self) -> Result<u32, String> {
        let Some(text) = self.variables.get(DURATION_SECONDS) else {
            return Ok(3600);
        };
        let seconds = text.trim().parse().ok().filter(|seconds| (900..=43200).contains(seconds));
        seconds.ok_or_else(|| format!("{DURATION_SECONDS} must be a number from 900 to 43200"))
    }
}

/// The STS address for a region.
fn sts_of(region: Option<&str>) -> String {
    let region = region.filter(|region| REGIONS.contains(region)).unwrap_or(DEFAULT_REGION);
    format!("https://sts.{region}.myhuaweicloud.com")
}

impl CredentialsSource for Oidc {
    fn name(&self) -> &str {
        "oidc-sts"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }
}

#[cfg(test)]
mod tests;
