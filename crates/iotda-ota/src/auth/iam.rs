//! IAM: tokens for a user name and password, project ids, and temporary access keys for a token.
//!
//! Sources: the IAM models of the official Python SDK (huaweicloudsdkiam 3.1.219, `v3`) and the page "Authentication" of
//! the IoTDA API reference.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::credentials::{Credentials, Secret, SourceError, SourceHttp};
use super::exchange::{self, Answer, temporary};
use super::scheme::{self, Scheme};
use crate::endpoint;
use crate::model::ProjectId;
use crate::validate::{Violations, rules};

/// How long IAM has for an answer.
const LIMIT: Duration = Duration::from_secs(30);

/// How long temporary access keys for OBS are asked for, in seconds.
const KEY_LIFETIME: u32 = 3600;

/// IAM at one address.
#[derive(Clone, Debug)]
pub(crate) struct Iam {
    endpoint: Url,
}

/// A project as IAM knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
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
    /// IAM at the client's address, else at the one of the region.
    pub(crate) fn of(http: &SourceHttp) -> Self {
        let region = || endpoint::iam_of(http.region.as_deref());
        Self { endpoint: http.iam_endpoint.clone().unwrap_or_else(region) }
    }

    /// IAM at the client's address, else at the one that the credentials name, else at the one of the region.
    pub(crate) fn known_to(credentials: &Credentials, http: &SourceHttp) -> Result<Self, SourceError> {
        match (&http.iam_endpoint, credentials.iam_endpoint()) {
            (None, Some(text)) => {
                let endpoint = exchange::address("iam_endpoint", text).map_err(SourceError::Broken)?;
                Ok(Self { endpoint })
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
        let project = match scope {
            Scope::Id(id) => json!({ "id": id }),
            Scope::Name(name) => json!({ "name": name }),
        };
        let password = user.password.expose_secret();
        let user = json!({ "name": user.name, "password": password, "domain": { "name": user.domain } });
        let body = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": user } },
            "scope": { "project": project },
        }});
        let request = http.client.post(self.url("/v3/auth/tokens", Some("nocatalog=true"))).json(&body);
        let answer = self.send(request, password).await?;
        let token = answer.headers.get("x-subject-token").and_then(|value| value.to_str().ok());
        let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
            let status = answer.status.as_u16();
            self.strange(format!("answered with status {status} but without the header X-Subject-Token"))
        })?;
        let details: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let mut credentials = Credentials::token(token);
        if let Some(id) = details["token"]["project"]["id"].as_str() {
            let id =
                usable(id).ok_or_else(|| self.strange(format!("named a project id that no path can hold: {id:?}")))?;
            credentials = credentials.with_project_id(id);
        }
        // Tokens are documented to last 24 hours; what the answer says goes first.
        let expires_at = details["token"]["expires_at"].as_str().and_then(|text| text.parse().ok());
        let documented = Timestamp::now() + jiff::SignedDuration::from_hours(24);
        Ok(credentials.with_expires_at(expires_at.unwrap_or(documented)))
    }

    /// The projects of a name: `GET /v3/projects?name=…`, with a token or a plainly signed request.
    pub(crate) async fn projects(
        &self,
        http: &SourceHttp,
        secret: &Secret,
        name: &str,
    ) -> Result<Vec<Project>, SourceError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
        let mut request = reqwest::Request::new(Method::GET, self.url("/v3/projects", Some(&query)));
        match secret {
            Secret::Token(token) => {
                let value = token.expose_secret().parse().map_err(|_| self.broken("the token is no header value"))?;
                request.headers_mut().insert("x-auth-token", value);
            }
            Secret::AccessKey(key) => {
                scheme::sign(&Scheme::Plain, key, None, &mut request).map_err(|error| self.broken(error))?;
            }
        }
        let request = reqwest::RequestBuilder::from_parts(http.client.clone(), request);
        let answer = self.send(request, "").await?;
        let details: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| self.strange("answered something that is no JSON".to_owned()))?;
        let projects =
            details["projects"].as_array().ok_or_else(|| self.strange("answered no list of projects".to_owned()))?;
        let text = |project: &Value, name: &str| project[name].as_str().unwrap_or_default().to_owned();
        Ok(projects.iter().map(|project| Project { id: text(project, "id"), name: text(project, "name") }).collect())
    }

    /// A temporary access key for a token: `POST /v3.0/OS-CREDENTIAL/securitytokens`.
    pub(crate) async fn temporary_key(
        &self,
        http: &SourceHttp,
        token: &SecretString,
    ) -> Result<Credentials, SourceError> {
        let token = token.expose_secret();
        let body = json!({ "auth": { "identity": {
            "methods": ["token"],
            "token": { "id": token, "duration_seconds": KEY_LIFETIME },
        }}});
        let request = http.client.post(self.url("/v3.0/OS-CREDENTIAL/securitytokens", None)).json(&body);
        let answer = self.send(request, token).await?;
        temporary::read(&answer.body).map_err(|unfit| self.strange(unfit.to_string()))
    }

    async fn send(&self, request: reqwest::RequestBuilder, secret: &str) -> Result<Answer, SourceError> {
        let name = self.endpoint.host_str().unwrap_or_default();
        let answer = exchange::send(request, LIMIT)
            .await
            .map_err(|phrase| SourceError::Unavailable(format!("IAM at {name} {phrase}")))?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let text = format!("IAM at {name} {}", answer.refusal(secret));
        Err(if answer.status.is_client_error() && answer.status.as_u16() != 429 {
            SourceError::Refused(text)
        } else {
            SourceError::Unavailable(text)
        })
    }

    fn url(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.endpoint.clone();
        url.set_path(&format!("{}{path}", self.endpoint.path().trim_end_matches('/')));
        url.set_query(query);
        url
    }

    fn strange(&self, phrase: String) -> SourceError {
        SourceError::Unavailable(format!("IAM at {} {phrase}; check the IAM address", self.endpoint))
    }

    fn broken(&self, reason: impl std::fmt::Display) -> SourceError {
        SourceError::Broken(format!("the request to IAM cannot be made: {reason}"))
    }
}

/// The project that a name stands for, or why it stands for none.
///
/// Projects of other names do not count, should IAM have taken the name for a part of one.
pub(crate) fn only_project(projects: &[Project], name: &str) -> Result<ProjectId, String> {
    let fitting: Vec<_> = projects.iter().filter(|project| project.name == name).collect();
    match fitting.as_slice() {
        [project] => {
            usable(&project.id).ok_or_else(|| format!("IAM names a project id that no path can hold: {:?}", project.id))
        }
        [] => Err(format!("IAM knows no project {name}")),
        several => {
            let names: Vec<_> = several.iter().map(|project| format!("{} ({})", project.id, project.name)).collect();
            Err(format!("IAM knows several projects {name}: {}", names.join(", ")))
        }
    }
}

/// A project id that keeps the path one path.
fn usable(id: &str) -> Option<ProjectId> {
    let mut violations = Violations::default();
    rules::project_id(id, &mut violations);
    violations.is_empty().then(|| ProjectId::from(id))
}

#[cfg(test)]
mod tests;
