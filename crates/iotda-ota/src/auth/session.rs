//! The credentials of one client: for IoTDA, for OBS, and the project they are for.

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::AccessKey;
use super::credentials::{BoxFuture, Credentials, CredentialsSource, Secret, SourceError, SourceHttp};
use super::iam::{self, Iam};
use super::keeper::{Keeper, Shared};
use super::scheme::Scheme;
use crate::error::{Error, ErrorKind};
use crate::model::ProjectId;
use crate::validate::{Violations, rules};

/// What the clones of a client share about who is calling.
pub(crate) struct Session {
    main: Option<Arc<Keeper>>,
    obs: Option<Keeper>,
    obs_key: Option<AccessKey>,
    scheme: Scheme,
    configured_project: Option<ProjectId>,
    found_project: OnceCell<ProjectId>,
    http: SourceHttp,
}

impl Session {
    /// `source` authenticates to IoTDA; `obs_key` signs for OBS, else the source's key does, else one that its token is
    /// exchanged for.
    pub(crate) fn new(
        source: Option<Arc<dyn CredentialsSource>>,
        obs_key: Option<AccessKey>,
        scheme: Scheme,
        http: SourceHttp,
    ) -> Self {
        let main = source.map(|source| Arc::new(Keeper::new(source, http.clone())));
        let obs = main.as_ref().map(|main| Keeper::new(Arc::new(Exchanged(Arc::clone(main))), http.clone()));
        let configured_project = http.project_id.clone();
        Self { main, obs, obs_key, scheme, configured_project, found_project: OnceCell::new(), http }
    }

    /// How requests to IoTDA are signed with an access key.
    pub(crate) fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// What is lent to sources.
    pub(crate) fn http(&self) -> &SourceHttp {
        &self.http
    }

    /// The project, if it was configured.
    pub(crate) fn configured_project(&self) -> Option<&ProjectId> {
        self.configured_project.as_ref()
    }

    /// The credentials for IoTDA.
    pub(crate) async fn credentials(&self) -> Result<Shared, Error> {
        self.main.as_ref().ok_or_else(none)?.get().await
    }

    /// Others in place of refused ones, if there can be others.
    pub(crate) async fn renew(&self, refused: &Shared) -> Result<Option<Shared>, Error> {
        match &self.main {
            Some(main) => main.renew(refused).await,
            None => Ok(None),
        }
    }

    /// The credentials for OBS, which hold an access key.
    pub(crate) async fn obs_credentials(&self) -> Result<Shared, Error> {
        if let Some(key) = &self.obs_key {
            return Ok(Arc::new(Credentials::access_key(key.clone())));
        }
        let credentials = self.credentials().await?;
        if let Secret::AccessKey(_) = credentials.secret() {
            return Ok(credentials);
        }
        let exchanged = self.obs.as_ref().ok_or_else(none)?.get().await.map_err(|error| {
            error.with_hint("OBS needs an access key: give one, or allow the user to exchange the token for one at IAM")
        })?;
        match exchanged.secret() {
            Secret::AccessKey(_) => Ok(exchanged),
            Secret::Token(_) => Err(Error::new(ErrorKind::Unauthenticated, "IAM gave no access key for the token")),
        }
    }

    /// Others for OBS in place of refused ones, if there can be others.
    pub(crate) async fn renew_obs(&self, refused: &Shared) -> Result<Option<Shared>, Error> {
        if self.obs_key.is_some() {
            return Ok(None);
        }
        let main_has_a_key = matches!(self.credentials().await?.secret(), Secret::AccessKey(_));
        match &self.obs {
            Some(obs) if !main_has_a_key => obs.renew(refused).await,
            _ => self.renew(refused).await,
        }
    }

    /// The project: as configured, as the source says, else the one that IAM knows by the name of the region.
    pub(crate) async fn project_id(&self) -> Result<ProjectId, Error> {
        if let Some(project_id) = &self.configured_project {
            return Ok(project_id.clone());
        }
        self.found_project.get_or_try_init(|| self.find_project()).await.cloned()
    }

    async fn find_project(&self) -> Result<ProjectId, Error> {
        const HINT: &str = "give the project id; the console shows it under My Credentials";
        let credentials = self.credentials().await?;
        if let Some(project_id) = credentials.project_id() {
            let mut violations = Violations::default();
            rules::project_id(project_id.as_str(), &mut violations);
            return violations.into_result().map(|()| project_id.clone()).map_err(Error::invalid_settings);
        }
        let Some(region) = &self.http.region else {
            let message = "no project id, and no region by whose name IAM could find it";
            return Err(Error::new(ErrorKind::Configuration, message).with_hint(HINT));
        };
        let iam = Iam::known_to(&credentials, &self.http);
        let projects = match iam {
            Ok(iam) => iam.projects(&self.http, credentials.secret(), region).await,
            Err(error) => Err(error),
        };
        let projects = projects.map_err(not_looked_up)?;
        iam::only_project(&projects, region)
            .map_err(|message| Error::new(ErrorKind::Configuration, message).with_hint(HINT))
    }
}

/// The error of a project that could not be looked up; it would not be needed if it were given.
fn not_looked_up(error: SourceError) -> Error {
    let (kind, hint) = match &error {
        SourceError::Unavailable(_) => (ErrorKind::Unavailable, "try again, or give the project id"),
        SourceError::Broken(_) => (ErrorKind::Configuration, "mend it, or give the project id"),
        SourceError::Refused(text) if text.contains("status 403") => {
            (ErrorKind::Denied, "the user may not list projects at IAM: give the project id, or have that permitted")
        }
        _ => (ErrorKind::Unauthenticated, "check the credentials, which IAM refused, and this machine's clock"),
    };
    Error::new(kind, "the project id could not be looked up").with_source(error).with_hint(hint)
}

/// The error of a client that was given no credentials.
fn none() -> Error {
    Error::new(ErrorKind::Unauthenticated, "no credentials")
        .with_hint("give an IAM token, an access key, a user name and password, or the chain of sources")
}

/// The access key that a token is exchanged for.
struct Exchanged(Arc<Keeper>);

impl CredentialsSource for Exchanged {
    fn name(&self) -> &str {
        "exchange of the token for an access key"
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            let refused = |error: Error| SourceError::Refused(error.to_string());
            let credentials = self.0.get().await.map_err(refused)?;
            match exchange(&credentials, http).await {
                // A token that was revoked before its end is fetched anew, as for any other call.
                Err(SourceError::Refused(text)) => match self.0.renew(&credentials).await.map_err(refused)? {
                    Some(fresh) => exchange(&fresh, http).await,
                    None => Err(SourceError::Refused(text)),
                },
                result => result,
            }
        })
    }
}

async fn exchange(credentials: &Credentials, http: &SourceHttp) -> Result<Credentials, SourceError> {
    match credentials.secret() {
        Secret::Token(token) => Iam::known_to(credentials, http)?.temporary_key(http, token).await,
        Secret::AccessKey(_) => Ok(credentials.clone()),
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("main", &self.main)
            .field("scheme", &self.scheme)
            .field("project_id", &self.configured_project)
            .finish_non_exhaustive()
    }
}

/// Credentials that were given as they are.
#[derive(Debug)]
pub(crate) struct Given(pub(crate) Credentials);

impl CredentialsSource for Given {
    fn name(&self) -> &str {
        "given"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move { Ok(self.0.clone()) })
    }
}
