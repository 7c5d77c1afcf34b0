//! The credentials of one client: for IoTDA, for OBS, and the project they are for.

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::AccessKey;
use super::iam::{self, Iam, Project};
use super::keeper::{Keeper, Shared};
use super::scheme::Scheme;
use super::{BoxFuture, Credentials, CredentialsSource, Reason, Secret, SourceError, SourceHttp};
use crate::error::{Error, ErrorKind};
use crate::model::ProjectId;
use crate::spans::Course;
use crate::validate::{Violations, rules};

/// How long temporary access keys for OBS are asked for, in seconds.
const KEY_LIFETIME: u32 = 3600;

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
    pub(crate) async fn credentials(&self, course: &Course) -> Result<Shared, Error> {
        self.main.as_ref().ok_or_else(none)?.get(course).await
    }

    /// Others in place of refused ones, if there can be others.
    pub(crate) async fn renew(&self, refused: &Shared, course: &Course) -> Result<Option<Shared>, Error> {
        match &self.main {
            Some(main) => main.renew(refused, course).await,
            None => Ok(None),
        }
    }

    /// The credentials for OBS, which hold an access key.
    pub(crate) async fn obs_credentials(&self, course: &Course) -> Result<Shared, Error> {
        if let Some(key) = &self.obs_key {
            return Ok(Arc::new(Credentials::access_key(key.clone())));
        }
        let credentials = self.credentials(course).await?;
        if let Secret::AccessKey(_) = credentials.secret() {
            return Ok(credentials);
        }
        let exchanged = self.obs.as_ref().ok_or_else(none)?.get(course).await.map_err(|error| {
            let own = "OBS needs an access key: give one, or allow the user to exchange the token for one at IAM";
            let hint = error.hint().map_or_else(|| own.to_owned(), |known| format!("{known}; {own}"));
            error.with_hint(hint)
        })?;
        match exchanged.secret() {
            Secret::AccessKey(_) => Ok(exchanged),
            Secret::Token(_) => Err(Error::new(ErrorKind::Unauthenticated, "IAM gave no access key for the token")),
        }
    }

    /// Others for OBS in place of refused ones, if there can be others.
    pub(crate) async fn renew_obs(&self, refused: &Shared, course: &Course) -> Result<Option<Shared>, Error> {
        if self.obs_key.is_some() {
            return Ok(None);
        }
        let main_has_a_key = matches!(self.credentials(course).await?.secret(), Secret::AccessKey(_));
        match &self.obs {
            Some(obs) if !main_has_a_key => obs.renew(refused, course).await,
            _ => self.renew(refused, course).await,
        }
    }

    /// The project: as configured, as the source says, else the one that IAM knows by the name of the region.
    pub(crate) async fn project_id(&self, course: &Course) -> Result<ProjectId, Error> {
        if let Some(project_id) = &self.configured_project {
            return Ok(project_id.clone());
        }
        // On the heap, because nearly every call finds it known and need not carry the look-up along.
        self.found_project.get_or_try_init(|| Box::pin(self.find_project(course))).await.cloned()
    }

    async fn find_project(&self, course: &Course) -> Result<ProjectId, Error> {
        const HINT: &str = "give the project id; the console shows it under My Credentials";
        let credentials = self.credentials(course).await?;
        if let Some(project_id) = credentials.project_id() {
            let mut violations = Violations::default();
            rules::project_id_of(credentials.project_origin(), project_id.as_str(), &mut violations);
            return violations.into_result().map(|()| project_id.clone()).map_err(Error::invalid_settings);
        }
        let Some(region) = &self.http.region else {
            let message = "no project id, and no region by whose name IAM could find it";
            return Err(Error::new(ErrorKind::Configuration, message).with_hint(HINT));
        };
        let projects = match self.projects(&credentials, region, course.clone()).await {
            // As for any other call, what was refused is fetched anew once.
            Err(error) if is_unauthenticated(&error) => {
                let refused = not_looked_up(error);
                let course = course.renewed(&refused);
                match self.renew(&credentials, &course).await.map_err(|error| error.after_refusal(&refused))? {
                    Some(fresh) => self.projects(&fresh, region, course).await,
                    None => return Err(refused),
                }
            }
            result => result,
        };
        let projects = projects.map_err(not_looked_up)?;
        iam::only_project(&projects, region)
            .map_err(|message| Error::new(ErrorKind::Configuration, message).with_hint(HINT))
    }

    async fn projects(
        &self,
        credentials: &Credentials,
        region: &str,
        course: Course,
    ) -> Result<Vec<Project>, SourceError> {
        let http = self.http.with_course(course);
        Iam::known_to(credentials, &http)?.projects(&http, credentials.secret(), region).await
    }
}

/// True if it was refused with 401, which other credentials may mend.
fn is_unauthenticated(error: &SourceError) -> bool {
    matches!(error, SourceError::Refused(reason) if reason.status() == Some(401))
}

/// The error of a project that could not be looked up; it would not be needed if it were given.
fn not_looked_up(error: SourceError) -> Error {
    let (kind, reason, hint) = match &error {
        SourceError::Unavailable(reason) => {
            (ErrorKind::Unavailable, Some(reason), "try again, or give the project id, which saves the look-up")
        }
        SourceError::Unintelligible(reason) => {
            (ErrorKind::Unintelligible, Some(reason), "give the project id, which saves the look-up")
        }
        SourceError::Broken(_) => (ErrorKind::Configuration, None, "mend it, or give the project id"),
        SourceError::Refused(reason) if reason.status() == Some(403) => {
            let hint = "the user may not list projects at IAM: give the project id, or have that permitted";
            (ErrorKind::Denied, Some(reason), hint)
        }
        SourceError::Refused(reason) if reason.status() == Some(404) => {
            (ErrorKind::Configuration, Some(reason), "check the IAM address, or give the project id")
        }
        SourceError::Refused(reason) if reason.hint().is_some() => {
            (ErrorKind::Unauthenticated, Some(reason), "it was IAM that refused, where the project id is looked up")
        }
        _ => (ErrorKind::Unauthenticated, None, "check the credentials, which IAM refused, and this machine's clock"),
    };
    let known = reason.and_then(|reason| reason.hint());
    let hint = known.map_or_else(|| hint.to_owned(), |known| format!("{known}; {hint}"));
    let delay = error.retry_after();
    Error::new(kind, "the project id could not be looked up").with_source(error).with_hint(hint).with_retry_after(delay)
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
            let course = &http.course;
            let credentials = self.0.get(course).await.map_err(no_token)?;
            let refused = match exchange(&credentials, http).await {
                Err(error) if is_unauthenticated(&error) => error,
                result => return result,
            };
            // A token that was revoked before its end is fetched anew, as for any other call.
            let cause = Error::new(ErrorKind::Unauthenticated, refused.to_string());
            let course = course.renewed(&cause);
            match self.0.renew(&credentials, &course).await {
                Ok(Some(fresh)) => exchange(&fresh, &http.with_course(course)).await,
                Ok(None) => Err(refused),
                Err(error) => Err(no_token(error.after_refusal(&cause))),
            }
        })
    }
}

/// Why there is no token to exchange.
fn no_token(error: Error) -> SourceError {
    let reason = Reason::new(error.to_string()).with_retry_after(error.retry_after());
    let reason = match error.hint() {
        Some(hint) => reason.with_hint(hint),
        None => reason,
    };
    match error.kind() {
        ErrorKind::Unavailable => SourceError::Unavailable(reason),
        ErrorKind::Unintelligible => SourceError::Unintelligible(reason),
        ErrorKind::Configuration => SourceError::Broken(reason.to_string()),
        _ => SourceError::Refused(reason),
    }
}

async fn exchange(credentials: &Credentials, http: &SourceHttp) -> Result<Credentials, SourceError> {
    match credentials.secret() {
        Secret::Token(token) => Iam::known_to(credentials, http)?.temporary_key(http, token, KEY_LIFETIME).await,
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
