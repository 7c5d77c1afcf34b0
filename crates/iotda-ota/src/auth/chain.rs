//! Asks one source after the other, in the order of the official SDKs.

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use super::BoxFuture;
use super::environment::Environment;
use super::metadata::{self, Metadata};
use super::oidc::Oidc;
use super::pod::Pod;
use super::profile::Profile;
use super::variables::{PasswordVariables, TokenVariable};
use super::{Credentials, CredentialsSource, Login, Reason, SourceError, SourceHttp, Variables};
use crate::endpoint;
use crate::validate::Violations;

/// What messages call a chain.
pub(super) const NAME: &str = "chain";

/// Sources that are asked one after the other until one has credentials.
///
/// ```
/// use iotda_ota::{Chain, Variables};
///
/// let chain = Chain::official(Variables::process());
/// assert_eq!(chain.winner(), None);
/// ```
///
/// A source that has none is passed over. One that should have some but cannot give them stops the chain, so that
/// nobody works with the credentials of another source by mistake. The first that gives some is asked alone from then
/// on, for the same reason.
pub struct Chain {
    sources: Vec<Box<dyn CredentialsSource>>,
    winner: OnceLock<usize>,
}

/// What one source of a [`Chain`] said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the source.
    pub source: String,
    /// Its credentials, or why there are none.
    pub result: Result<Credentials, SourceError>,
}

impl Chain {
    /// A chain of these sources, in this order.
    pub fn new(sources: Vec<Box<dyn CredentialsSource>>) -> Self {
        Self { sources, winner: OnceLock::new() }
    }

    /// The chain of the official SDKs: OIDC-STS, environment, profile file, metadata service, pod identity.
    ///
    /// The order is that of huaweicloudsdkcore 3.1.219, `auth/provider.py`.
    pub fn official(variables: Variables) -> Self {
        Self::new(vec![
            Box::new(Oidc::new(variables.clone())),
            Box::new(Environment::new(variables.clone())),
            Box::new(Profile::new(variables.clone())),
            Box::new(Metadata::default()),
            Box::new(Pod::new(variables)),
        ])
    }

    /// Everything that the command looks at: `IOTDA_OTA_TOKEN`; `IOTDA_OTA_USERNAME` with `_PASSWORD` and `_DOMAIN`; the
    /// [official](Self::official) chain; and the [`Login`](super::Login) in this file.
    ///
    /// With `IOTDA_OTA_METADATA=off` the metadata service is not asked, which saves waiting where there is none. An
    /// address of this machine in this variable is asked in its place, such as that of an emulator.
    pub fn standard(variables: Variables, login_file: Option<PathBuf>) -> Self {
        let mut chain = Self::official(variables.clone());
        if let Some(instead) = instead_of_metadata(&variables) {
            for source in chain.sources.iter_mut().filter(|source| source.name() == metadata::NAME) {
                *source = Box::new(instead.clone());
            }
        }
        chain.sources.insert(0, Box::new(TokenVariable(variables.clone())));
        chain.sources.insert(1, Box::new(PasswordVariables(variables)));
        chain.sources.extend(login_file.map(|file| Box::new(Login::new(file)) as Box<dyn CredentialsSource>));
        chain
    }

    /// The name of the source that had credentials, once one had.
    pub fn winner(&self) -> Option<&str> {
        self.winning().map(CredentialsSource::name)
    }

    fn winning(&self) -> Option<&dyn CredentialsSource> {
        self.winner.get().and_then(|index| self.sources.get(*index)).map(AsRef::as_ref)
    }

    /// Asks from the beginning and reports what each source said, up to the one that ended the search: it has
    /// credentials, or should have some. Sources after it are not asked and not reported.
    pub async fn explore(&self, http: &SourceHttp) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            let result = source.fetch(http).await;
            let goes_on = matches!(result, Err(SourceError::Absent(_)));
            if result.is_ok() {
                // It may be set already; the first winner stays.
                let _ = self.winner.set(index);
            }
            findings.push(Finding { source: source.name().to_owned(), result });
            if !goes_on {
                break;
            }
        }
        findings
    }

    /// What findings come to: the credentials of the source that had some, else the error that
    /// [`fetch`](CredentialsSource::fetch) would have given.
    ///
    /// # Errors
    ///
    /// That of the source that should have had some, with its name; [`SourceError::Absent`] if none should.
    pub fn conclude(findings: Vec<Finding>) -> Result<Credentials, SourceError> {
        let mut said = String::from("no source has credentials");
        for Finding { source, result } in findings {
            match result {
                Ok(credentials) => return Ok(credentials),
                Err(SourceError::Absent(text)) => said.push_str(&format!("\n{source}: {text}")),
                Err(other) => return Err(other.of(&source)),
            }
        }
        Err(SourceError::Absent(said))
    }

    async fn credentials(&self, http: &SourceHttp) -> Result<Credentials, SourceError> {
        if let Some(source) = self.winning() {
            let name = source.name();
            return source.fetch(http).await.map_err(|error| match error {
                SourceError::Absent(text) => {
                    let text = format!("{name} had credentials before and has none now: {text}");
                    match name {
                        // That it does not answer may pass.
                        metadata::NAME => SourceError::Unavailable(text.into()),
                        _ => SourceError::Refused(Reason::new(text).with_hint("give this source new credentials")),
                    }
                }
                other => other.of(name),
            });
        }
        Self::conclude(self.explore(http).await)
    }
}

/// Says what else is asked where the metadata service would be.
const METADATA: &str = "IOTDA_OTA_METADATA";

/// Stands where the metadata service would be asked.
#[derive(Clone)]
enum Instead {
    /// Nobody is asked.
    Off,
    /// Another one is.
    At(Metadata),
    /// Nobody knows what was meant.
    Unclear,
}

/// What the variable says; nothing if the service itself is meant.
fn instead_of_metadata(variables: &Variables) -> Option<Instead> {
    let text = variables.get(METADATA)?;
    Some(match text.as_str() {
        "on" => return None,
        "off" => Instead::Off,
        // Whoever answers gives credentials that are then trusted, so it has to be here.
        _ => match endpoint::parse(METADATA, &text, &mut Violations::default()) {
            Some(url) if endpoint::is_loopback(&url) => Instead::At(Metadata::at(endpoint::base(&url))),
            _ => Instead::Unclear,
        },
    })
}

impl CredentialsSource for Instead {
    fn name(&self) -> &str {
        metadata::NAME
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        match self {
            Self::Off => Box::pin(async { Err(SourceError::Absent(format!("not asked, because {METADATA} is off"))) }),
            Self::At(metadata) => metadata.fetch(http),
            Self::Unclear => Box::pin(async {
                let text = "must be on, off, or an address of this machine such as http://127.0.0.1:8790";
                Err(SourceError::Broken(format!("{METADATA} {text}; change it or unset it")))
            }),
        }
    }

    fn refresh_ahead(&self) -> Duration {
        Metadata::default().refresh_ahead()
    }
}

impl CredentialsSource for Chain {
    fn name(&self) -> &str {
        NAME
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(self.credentials(http))
    }

    /// That of the source that had credentials.
    fn refresh_ahead(&self) -> Duration {
        self.winning().map_or(Duration::from_secs(10 * 60), CredentialsSource::refresh_ahead)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.sources.iter().map(|source| source.name()).collect();
        f.debug_struct("Chain").field("sources", &names).field("winner", &self.winner()).finish()
    }
}

#[cfg(test)]
mod tests;
