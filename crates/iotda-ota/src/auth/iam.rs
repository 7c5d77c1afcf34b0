//! IAM: tokens for a user name and password, project ids, and temporary access keys for a token.
//!
//! [`Iam`] has one function for each call; what is sent is in `body`, what is answered in `answer`. Sources: the IAM
//! models of the official Python SDK (huaweicloudsdkiam 3.1.219, `v3`), its class `FederalAccessor` for identity tokens
//! (huaweicloudsdkcore 3.1.219, `auth/internal.py`), and the page "Authentication" of the IoTDA API reference.

mod answer;
mod body;

use http::{HeaderValue, Method};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::exchange::{self, Answer, Asked};
use super::scheme::{self, Scheme};
use super::{Credentials, Reason, Secret, SourceError, SourceHttp, wiped};
use crate::endpoint;
use crate::error::hints::Proof;

pub(crate) use answer::{Project, only_project};

/// IAM at one address.
#[derive(Clone, Debug)]
pub(crate) struct Iam {
    endpoint: Url,
    /// What messages call it.
    name: String,
}

/// Who wants a token.
pub(crate) struct User<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a SecretString,
    pub(crate) domain: &'a str,
}

/// The project that a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The project with this id.
    Id(String),
    /// The project with this name, usually a region id.
    Name(String),
}

impl Iam {
    /// IAM at this address.
    pub(crate) fn at(endpoint: Url) -> Self {
        let name = format!("IAM at {}", endpoint.host_str().unwrap_or_default());
        Self { endpoint, name }
    }

    /// IAM at the client's address, else at the one of the region.
    pub(crate) fn of(http: &SourceHttp) -> Self {
        let region = || endpoint::iam_of(http.region.as_deref());
        Self::at(http.iam_endpoint.clone().unwrap_or_else(region))
    }

    /// IAM at the client's address, else at the one that the credentials name, else at the one of the region.
    pub(crate) fn known_to(credentials: &Credentials, http: &SourceHttp) -> Result<Self, SourceError> {
        Self::beside(http, credentials.iam_endpoint().map(|endpoint| ("iam_endpoint of the credentials", endpoint)))
    }

    /// IAM at the client's address, else at one that stands beside credentials, with what messages call it; else at the
    /// one of the region.
    pub(crate) fn beside(http: &SourceHttp, beside: Option<(&str, &str)>) -> Result<Self, SourceError> {
        match (&http.iam_endpoint, beside) {
            (None, Some((name, text))) => {
                exchange::address(name, text, http).map(Self::at).map_err(SourceError::Broken)
            }
            _ => Ok(Self::of(http)),
        }
    }

    /// The base address.
    pub(crate) fn endpoint(&self) -> &Url {
        &self.endpoint
    }

    /// A token: `POST /v3/auth/tokens`.
    pub(crate) async fn token(
        &self,
        http: &SourceHttp,
        user: &User<'_>,
        scope: &Scope,
    ) -> Result<Credentials, SourceError> {
        let password = user.password.expose_secret();
        let request = http.client(&self.endpoint)?.post(self.url("/v3/auth/tokens", Some("nocatalog=true")));
        let request = exchange::with_json(request, &body::for_password(user, password, scope))?;
        let answer = self.asked(http, "iam_create_token", password, Proof::Password).ask(request).await?;
        let token = self.subject_token(&answer)?;
        let details = answer::token(&answer.body, Timestamp::now()).map_err(|unfit| match unfit {
            answer::Unfit::Odd(phrase) => self.strange(&phrase),
            answer::Unfit::Expired(phrase) => {
                let hint = answer.clock_hint().unwrap_or_else(|| "set the clock of this machine right".to_owned());
                SourceError::Unintelligible(Reason::new(format!("{} {phrase}", self.name)).with_hint(hint))
            }
        })?;
        let credentials = Credentials::token(token).with_expires_at(details.expires_at);
        let credentials = credentials.with_iam_endpoint(self.endpoint.as_str());
        Ok(match details.project_id {
            Some(id) => credentials.with_project_id(id).with_project_origin(format!("the answer of {}", self.name)),
            None => credentials,
        })
    }

    /// The projects of a name: `GET /v3/projects?name=…`, with a token or a plainly signed request.
    pub(crate) async fn projects(
        &self,
        http: &SourceHttp,
        secret: &Secret,
        name: &str,
    ) -> Result<Vec<Project>, SourceError> {
        let broken = |reason: &dyn std::fmt::Display| {
            SourceError::Broken(format!("the request to IAM cannot be made: {reason}"))
        };
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
        let mut request = reqwest::Request::new(Method::GET, self.url("/v3/projects", Some(&query)));
        let (proof, sent) = match secret {
            Secret::Token(token) => {
                let value = wiped::header(token.expose_secret())
                    .ok_or_else(|| broken(&"the token is no header value; copy it again"))?;
                request.headers_mut().insert("x-auth-token", value);
                (Proof::Token, token.expose_secret())
            }
            Secret::AccessKey(key) => {
                scheme::sign(&Scheme::Plain, key, None, &mut request).map_err(|error| broken(&error))?;
                (Proof::Plain, key.token().unwrap_or_default())
            }
        };
        let request = reqwest::RequestBuilder::from_parts(http.client(&self.endpoint)?.clone(), request);
        let answer = self.asked(http, "iam_list_projects", sent, proof).ask(request).await?;
        answer::projects(&answer.body).map_err(|phrase| self.strange(phrase))
    }

    /// A temporary access key for a token: `POST /v3.0/OS-CREDENTIAL/securitytokens`.
    pub(crate) async fn temporary_key(
        &self,
        http: &SourceHttp,
        token: &SecretString,
        seconds: u32,
    ) -> Result<Credentials, SourceError> {
        let token = token.expose_secret();
        let request = http.client(&self.endpoint)?.post(self.url("/v3.0/OS-CREDENTIAL/securitytokens", None));
        let request = exchange::with_json(request, &body::for_token(token, seconds))?;
        self.asked(http, "iam_create_temporary_key", token, Proof::Token).key(request).await
    }

    /// A token without scope for that of an identity provider: `POST /v3.0/OS-AUTH/id-token/tokens`.
    pub(crate) async fn federated_token(
        &self,
        http: &SourceHttp,
        provider: HeaderValue,
        id_token: &str,
    ) -> Result<SecretString, SourceError> {
        let request = http.client(&self.endpoint)?.post(self.url("/v3.0/OS-AUTH/id-token/tokens", None));
        let request = exchange::with_json(request.header("x-idp-id", provider), &body::for_id_token(id_token))?;
        let answer = self.asked(http, "iam_create_federated_token", id_token, Proof::Other).ask(request).await?;
        self.subject_token(&answer).map(SecretString::from)
    }

    fn asked<'a>(&'a self, http: &'a SourceHttp, operation: &'static str, secret: &'a str, proof: Proof) -> Asked<'a> {
        Asked { name: &self.name, operation, limit: http.timeout, secret, proof, course: &http.course }
    }

    /// The token in an answer.
    fn subject_token<'a>(&self, answer: &'a Answer) -> Result<&'a str, SourceError> {
        let token = answer.headers.get("x-subject-token").and_then(|value| value.to_str().ok());
        token.filter(|token| !token.is_empty()).ok_or_else(|| {
            let status = answer.status.as_u16();
            self.strange(&format!("answered with status {status} but without the header X-Subject-Token"))
        })
    }

    fn url(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}{path}", self.endpoint.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    /// The error for an answer that IAM does not give.
    fn strange(&self, phrase: &str) -> SourceError {
        let hint = format!("check the IAM address ({}), and that no proxy answers in its place", self.endpoint);
        SourceError::Unintelligible(Reason::new(format!("{} {phrase}", self.name)).with_hint(hint))
    }
}
