//! Federated login: an identity provider's token becomes an IAM token, and that a temporary access key.
//!
//! Both calls are those of the official SDK (huaweicloudsdkcore 3.1.219, `auth/internal.py`, class `FederalAccessor`).

use std::time::Duration;

use http::HeaderValue;
use secrecy::zeroize::Zeroizing;
use serde_json::json;
use url::Url;

use super::exchange::{address, ask, key};
use super::{Credentials, SourceError, SourceHttp, secret_file};
use crate::endpoint;

/// How long one of the two calls may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long the key is asked for: six hours, as the official SDK does, because the identity token is often short-lived.
const DURATION_SECONDS: u32 = 6 * 60 * 60;

/// What is needed, and what messages call it.
pub(super) struct Idp<'a> {
    pub(super) id: &'a str,
    pub(super) token_file: &'a str,
    pub(super) token_file_name: &'a str,
    /// The IAM address that stands beside them. One that the client was given goes first.
    pub(super) iam: Option<&'a str>,
    pub(super) iam_name: &'a str,
}

impl Idp<'_> {
    pub(super) async fn exchange(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let id_token = secret_file::token(self.token_file_name, self.token_file).await.map_err(SourceError::Broken)?;
        let iam = self.iam(http).map_err(SourceError::Broken)?;
        let base = iam.as_str().trim_end_matches('/');
        let name = format!("IAM at {base}");
        let token = self.token(http, base, &name, &id_token).await?;
        let body = json!({"auth": {"identity": {
            "methods": ["token"],
            "token": {"id": token.as_str(), "duration_seconds": DURATION_SECONDS},
        }}});
        let request = http.client.post(format!("{base}/v3.0/OS-CREDENTIAL/securitytokens")).json(&body);
        key(&name, request, TIMEOUT, &token).await
    }

    fn iam(&self, http: &SourceHttp) -> Result<Url, String> {
        match (&http.iam_endpoint, self.iam) {
            (Some(given), _) => Ok(given.clone()),
            (None, Some(beside)) => address(self.iam_name, beside),
            (None, None) => Ok(endpoint::iam_of(http.region.as_deref())),
        }
    }

    /// The IAM token for the identity token; it has no scope yet.
    async fn token(
        &self,
        http: &SourceHttp,
        base: &str,
        name: &str,
        id_token: &str,
    ) -> Result<Zeroizing<String>, SourceError> {
        let unfit = |_| SourceError::Broken("the id of the identity provider fits into no header".to_owned());
        let request = http
            .client
            .post(format!("{base}/v3.0/OS-AUTH/id-token/tokens"))
            .header("x-idp-id", HeaderValue::from_str(self.id).map_err(unfit)?)
            .json(&json!({"auth": {"id_token": {"id": id_token}}}));
        let answer = ask(name, request, TIMEOUT, id_token).await?;
        let token = answer.headers.get("x-subject-token").and_then(|value| value.to_str().ok());
        let token = token.filter(|token| !token.is_empty()).map(|token| Zeroizing::new(token.to_owned()));
        let missing = || SourceError::Unavailable(format!("{name} answered without the header X-Subject-Token"));
        token.ok_or_else(missing)
    }
}
