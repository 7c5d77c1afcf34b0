//! What a source of credentials gives.

use std::fmt;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{AccessKey, wiped};
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
    project_origin: Option<String>,
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
        Self::new(Secret::Token(wiped::secret(token)))
    }

    /// An access key, permanent or temporary.
    pub fn access_key(key: AccessKey) -> Self {
        Self::new(Secret::AccessKey(key))
    }

    fn new(secret: Secret) -> Self {
        Self {
            secret,
            project_id: None,
            project_origin: None,
            expires_at: None,
            iam_endpoint: None,
            warnings: Vec::new(),
        }
    }

    /// Names the project that the source says they belong to. What is configured goes first.
    pub fn with_project_id(mut self, project_id: impl Into<ProjectId>) -> Self {
        self.project_id = Some(project_id.into());
        self
    }

    /// Says where that project id comes from, such as `project_id (line 4) of the file credentials`, for messages about
    /// one that cannot be used.
    pub fn with_project_origin(mut self, origin: impl Into<String>) -> Self {
        self.project_origin = Some(origin.into());
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

    /// Where that project id comes from, if the source said so.
    pub fn project_origin(&self) -> Option<&str> {
        self.project_origin.as_deref()
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
