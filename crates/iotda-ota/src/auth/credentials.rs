//! What a source of credentials gives, and the trait that makes one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::AccessKey;
use crate::model::ProjectId;

/// Credentials as one source gave them.
///
/// ```
/// use iotda_ota::{AccessKey, Credentials};
///
/// let credentials = Credentials::access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"));
/// assert_eq!(credentials.expires_at(), None);
/// assert!(!format!("{credentials:?}").contains("fake-secret"));
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    secret: Secret,
    project_id: Option<ProjectId>,
    expires_at: Option<Timestamp>,
    iam_endpoint: Option<String>,
    warnings: Vec<String>,
}

/// The two kinds of credentials.
#[derive(Clone)]
#[non_exhaustive]
pub enum Secret {
    /// An IAM token, sent as `X-Auth-Token`.
    Token(SecretString),
    /// An access key, which signs requests.
    AccessKey(AccessKey),
}

impl Credentials {
    /// An IAM token. Its scope has to be the project.
    pub fn token(token: impl Into<String>) -> Self {
        Self::new(Secret::Token(SecretString::from(token.into())))
    }

    /// An access key, permanent or temporary.
    pub fn access_key(key: AccessKey) -> Self {
        Self::new(Secret::AccessKey(key))
    }

    fn new(secret: Secret) -> Self {
        Self { secret, project_id: None, expires_at: None, iam_endpoint: None, warnings: Vec::new() }
    }

    /// Names the project that the source says they belong to. What is configured goes first.
    pub fn with_project_id(mut self, project_id: impl Into<ProjectId>) -> Self {
        self.project_id = Some(project_id.into());
        self
    }

    /// Says until when they are valid.
    pub fn with_expires_at(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// Names the IAM base address that the source says belongs to them.
    pub fn with_iam_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.iam_endpoint = Some(endpoint.into());
        self
    }

    /// Adds something that the user should know although the credentials can be used.
    pub fn with_warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// The token or key.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The project that the source named, if it did.
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.project_id.as_ref()
    }

    /// Until when they are valid, if that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The IAM base address that the source named, if it did.
    pub fn iam_endpoint(&self) -> Option<&str> {
        self.iam_endpoint.as_deref()
    }

    /// What the user should know, such as a profile file that others can read.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(..)"),
            Self::AccessKey(key) => key.fmt(f),
        }
    }
}

impl Secret {
    /// True if both are the same token or key.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(two)) => one.expose_secret() == two.expose_secret(),
            (Self::AccessKey(one), Self::AccessKey(two)) => {
                one.id() == two.id() && one.secret() == two.secret() && one.token() == two.token()
            }
            _ => false,
        }
    }

    /// Enough of it to recognize, and not more: the end of a token, the id of a key.
    pub fn masked(&self) -> String {
        match self {
            Self::Token(token) => {
                let characters: Vec<char> = token.expose_secret().chars().collect();
                // Of a short text the end would be most of it.
                let end: String = if characters.len() < 16 {
                    String::new()
                } else {
                    characters[characters.len() - 4..].iter().collect()
                };
                format!("token …{end}")
            }
            Self::AccessKey(key) => {
                let id: Vec<char> = key.id().chars().collect();
                let shown = id.len().min(4);
                let start: String = id[..shown].iter().collect();
                format!("access key {start}…")
            }
        }
    }
}

/// A boxed future, as the methods of [`CredentialsSource`] return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where credentials come from.
///
/// The client asks a source once, shares what it gives among all calls, and asks again shortly before it expires, or
/// when the service answered 401 although they are ones that expire.
pub trait CredentialsSource: Send + Sync + 'static {
    /// What messages call it, such as `environment`.
    fn name(&self) -> &str;

    /// Fetches credentials.
    ///
    /// # Errors
    ///
    /// [`SourceError::Absent`] if it has none, so that a chain asks the next one. Any other error ends a chain, so that
    /// nobody works with the credentials of another source by mistake.
    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>>;

    /// How long before they expire new ones are fetched.
    fn refresh_ahead(&self) -> Duration {
        Duration::from_secs(10 * 60)
    }
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// It has no credentials; the text says what was looked for.
    Absent(String),
    /// It should have some but they cannot be used; the text says why and what to do.
    Broken(String),
    /// It asked a service, which refused.
    Refused(String),
    /// It asked a service, which could not be reached or failed.
    Unavailable(String),
}

impl SourceError {
    /// The same, beginning with the name of the source.
    pub(crate) fn of(self, source: &str) -> Self {
        let name = |text: String| format!("{source}: {text}");
        match self {
            Self::Absent(text) => Self::Absent(name(text)),
            Self::Broken(text) => Self::Broken(name(text)),
            Self::Refused(text) => Self::Refused(name(text)),
            Self::Unavailable(text) => Self::Unavailable(name(text)),
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(text) | Self::Broken(text) | Self::Refused(text) | Self::Unavailable(text) => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for SourceError {}

/// What a client lends to its sources.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceHttp {
    /// For addresses of the provider: proxies and certificates as configured.
    pub client: reqwest::Client,
    /// For the metadata address and the like: never through a proxy.
    pub direct: reqwest::Client,
    /// The address of IAM, if one was given.
    pub iam_endpoint: Option<Url>,
    /// The region of the client, if it is known.
    pub region: Option<String>,
    /// The project of the client, if it is known.
    pub project_id: Option<ProjectId>,
}

impl SourceHttp {
    /// Only the HTTP clients.
    pub fn new(client: reqwest::Client, direct: reqwest::Client) -> Self {
        Self { client, direct, iam_endpoint: None, region: None, project_id: None }
    }
}
