//! An IAM user name and password, for which a token is fetched.

use std::fmt;

use secrecy::SecretString;

use super::iam::{Iam, Scope, User};
use super::wiped;
use super::{BoxFuture, Credentials, CredentialsSource, SourceError, SourceHttp};

/// An IAM user with a password; a source of tokens.
///
/// ```
/// use iotda_ota::{Client, Password};
///
/// # fn main() -> Result<(), iotda_ota::Error> {
/// let client = Client::builder()
///     .region("cn-north-4")
///     .project_id("fake-project-id")
///     .credentials(Password::new("fake-user", "fake-password", "fake-account"))
///     .build()?;
/// # let _ = client; Ok(()) }
/// ```
///
/// A token lasts 24 hours and is for one project: the one given, else the one named like the region. It is fetched
/// when it is first needed, and anew before it expires.
#[derive(Clone)]
pub struct Password {
    name: String,
    password: SecretString,
    domain: String,
}

impl Password {
    /// A user `name` of the account (domain) `domain`.
    pub fn new(name: impl Into<String>, password: impl Into<String>, domain: impl Into<String>) -> Self {
        let password = wiped::secret(password);
        Self { name: name.into(), password, domain: domain.into() }
    }
}

impl CredentialsSource for Password {
    fn name(&self) -> &str {
        "user name and password"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            let by_id = http.project_id.as_ref().map(|id| Scope::Id(id.to_string()));
            let scope = by_id.or_else(|| http.region.clone().map(Scope::Name)).ok_or_else(|| {
                let text = "a token needs a project: give the project id, or the region that is its name";
                SourceError::Broken(text.to_owned())
            })?;
            let user = User { name: &self.name, password: &self.password, domain: &self.domain };
            Iam::of(http).token(http, &user, &scope).await
        })
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").field("name", &self.name).field("domain", &self.domain).finish_non_exhaustive()
    }
}
