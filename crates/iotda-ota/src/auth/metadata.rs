//! Temporary keys from the metadata service of a cloud server (ECS) that has an agency.
//!
//! Nobody configures this source, so whatever may just mean "this is no such server" counts as having none: no answer
//! in time, a refusal, a page from somebody else who answers at that address.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use url::Url;

use super::BoxFuture;
use super::exchange::temporary::{self, Unfit};
use super::exchange::{Answer, Asked};
use super::{Credentials, CredentialsSource, SourceError, SourceHttp, wiped};
use crate::error::hints::Proof;

/// What messages call the metadata service.
pub(super) const NAME: &str = "metadata";

const ADDRESS: &str = "http://169.254.169.254";
const TOKEN_PATH: &str = "/meta-data/latest/api/token";
const KEY_PATH: &str = "/openstack/latest/securitykey";

/// For how long the service's own token is asked for: six hours, as the official SDK does.
const TOKEN_SECONDS: &str = "21600";

/// What a 401 says on a server without an agency (huaweicloudsdkcore 3.1.219, `auth/internal.py`).
const NO_AGENCY: &str = "Please configure Cloud Service Agency first";

/// Temporary keys of the agency of an ECS, from its metadata service.
///
/// They live one hour and are replaced ten minutes before they expire (user guide of ECS, "Obtaining Metadata"). Like
/// the official SDK this asks for new ones when less than forty minutes are left. No request goes through a proxy.
#[derive(Clone, Debug)]
pub struct Metadata {
    base: String,
    timeout: Duration,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { base: ADDRESS.to_owned(), timeout: Duration::from_secs(3) }
    }
}

impl Metadata {
    /// Asks at another address, such as that of a test server.
    pub fn at(base: impl Into<String>) -> Self {
        Self { base: base.into().trim_end_matches('/').to_owned(), ..Self::default() }
    }

    /// How long one request may take; 3 seconds otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        let mut answer = self.key(http, self.token(http).await?).await?;
        if answer.status == StatusCode::UNAUTHORIZED && !says_no_agency(&answer) {
            // The token may have been withdrawn; a second one decides.
            let token = self.token(http).await?;
            let token = token.ok_or_else(|| self.absent("asks for a token and gives none"))?;
            answer = self.key(http, Some(token)).await?;
        }
        self.read_key(&answer)
    }

    fn read_key(&self, answer: &Answer) -> Result<Credentials, SourceError> {
        if says_no_agency(answer) {
            return Err(self.absent("says that this server has no agency; configure one for it in the ECS console"));
        }
        if !answer.status.is_success() {
            return Err(self.absent(&answer.refusal("")));
        }
        temporary::read(&answer.body).map_err(|error| match error {
            Unfit::NoObject => self.absent(&error.to_string()),
            Unfit::Object(text) => SourceError::Broken(self.named(&text)),
        })
    }

    /// The service's own token; `None` if it knows none.
    async fn token(&self, http: &SourceHttp) -> Result<Option<HeaderValue>, SourceError> {
        let url = self.url(TOKEN_PATH)?;
        let request = http.direct(&url)?.put(url).header("x-metadata-token-ttl-seconds", TOKEN_SECONDS);
        let answer = self.asked(http, "metadata_create_token").send(request).await;
        let answer = answer.map_err(|error| self.absent(&error.to_string()))?;
        self.read_token(&answer)
    }

    fn read_token(&self, answer: &Answer) -> Result<Option<HeaderValue>, SourceError> {
        match answer.status.as_u16() {
            200 => {
                let text = std::str::from_utf8(answer.body.trim_ascii()).ok().filter(|token| !token.is_empty());
                let token = text.and_then(wiped::header);
                token.map(Some).ok_or_else(|| self.absent("answered something that is no token"))
            }
            404 | 405 | 503 => Ok(None),
            _ => Err(self.absent(&answer.refusal(""))),
        }
    }

    async fn key(&self, http: &SourceHttp, token: Option<HeaderValue>) -> Result<Answer, SourceError> {
        let url = self.url(KEY_PATH)?;
        let mut request = http.direct(&url)?.get(url);
        if let Some(token) = token {
            request = request.header("x-metadata-token", token);
        }
        let answer = self.asked(http, "metadata_show_key").send(request).await;
        answer.map_err(|error| self.absent(&error.to_string()))
    }

    fn asked<'a>(&self, http: &'a SourceHttp, operation: &'static str) -> Asked<'a> {
        Asked { name: NAME, operation, limit: self.timeout, secret: "", proof: Proof::Other, course: &http.course }
    }

    fn url(&self, path: &str) -> Result<Url, SourceError> {
        let text = format!("{}{path}", self.base);
        Url::parse(&text).map_err(|error| SourceError::Broken(self.named(&format!("has no such address: {error}"))))
    }

    fn absent(&self, text: &str) -> SourceError {
        SourceError::Absent(self.named(text))
    }

    fn named(&self, text: &str) -> String {
        format!("the metadata service at {} {text}", self.base)
    }
}

fn says_no_agency(answer: &Answer) -> bool {
    answer.status.is_client_error() && String::from_utf8_lossy(&answer.body).contains(NO_AGENCY)
}

impl CredentialsSource for Metadata {
    fn name(&self) -> &str {
        NAME
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }

    fn refresh_ahead(&self) -> Duration {
        Duration::from_secs(40 * 60)
    }
}

#[cfg(test)]
mod tests;
