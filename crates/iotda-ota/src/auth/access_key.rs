//! Access keys, and the check of texts that go into headers.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::wiped;
use crate::validate::Violations;

/// An access key: its id, its secret, and the security token of a temporary one.
///
/// ```
/// use iotda_ota::AccessKey;
///
/// let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret").security_token("fake-token");
/// assert!(!format!("{key:?}").contains("fake-secret"));
/// ```
///
/// The secret parts are wiped from memory when the last copy goes, and `Debug` does not show them.
#[derive(Clone)]
pub struct AccessKey {
    id: String,
    secret: SecretString,
    security_token: Option<SecretString>,
}

impl AccessKey {
    /// A permanent access key.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: wiped::secret(secret), security_token: None }
    }

    /// Makes it a temporary one, with the security token that came with it.
    pub fn security_token(mut self, token: impl Into<String>) -> Self {
        self.security_token = Some(wiped::secret(token));
        self
    }

    /// The id, which is no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.security_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Reports parts that could not be sent; their values are never shown.
    pub(crate) fn check(&self, violations: &mut Violations) {
        key_id("access_key.id", &self.id, violations);
        secret_text("access_key.secret", self.secret(), violations);
        if let Some(token) = self.token() {
            secret_text("access_key.security_token", token, violations);
        }
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reports a text that can be no id of an access key. It is not shown, because it may be a secret in the wrong place.
pub(crate) fn key_id(field: &str, value: &str, violations: &mut Violations) {
    let before = violations.len();
    secret_text(field, value, violations);
    // What request signing writes puts these between the id and what follows it.
    if violations.len() == before && value.contains([',', '/', ':']) {
        let help = "copy it again, and see that id and secret are not in each other's place; an id has none of these";
        violations.add_hidden(field, "a text without commas, slashes and colons", help);
    }
}

/// Reports a text that is empty or holds what no header can.
pub(crate) fn secret_text(field: &str, value: &str, violations: &mut Violations) {
    if value.is_empty() || !value.chars().all(|c| c.is_ascii_graphic()) {
        let help = "copy it again; blanks, line ends and other invisible characters do not belong to it";
        violations.add_hidden(field, "visible ASCII characters", help);
    }
}
