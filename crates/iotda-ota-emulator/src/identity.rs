//! Who the emulator is and whom it knows: region, bucket, users, access keys and projects.
//!
//! - [`Identities`] are those of a file ([`file`]) or the default ones, fixed and plainly not real;
//! - [`ticket`] makes what is handed out to users for a time, tokens and temporary access keys, and checks it;
//! - [`ended`] remembers what ended before its time.

mod ended;
mod file;
pub(crate) mod ticket;

use std::path::Path;
use std::sync::Arc;

use http::HeaderMap;

use crate::start_error::StartError;
use ended::Ended;
use ticket::{Grant, Ticket};

/// The region it claims to be, unless the file says otherwise.
const REGION: &str = "emulator-1";

/// The one token that never expires: the first user's, for that user's first project.
pub(crate) const TOKEN: &str = "emulator-token";

/// The bucket that exists from the start.
pub(crate) const BUCKET: &str = "emulator-bucket";

/// Everybody and everything that requests can name as their origin. Secrets are in it, so it has no `Debug`.
pub(crate) struct Identities {
    pub(crate) region: String,
    users: Vec<Arc<User>>,
    access_keys: Vec<AccessKey>,
    projects: Vec<Project>,
    /// The access key and the project of the first user, with which everything has a default.
    pub(crate) first: (AccessKey, Project),
    ended: Ended,
}

/// A user of IAM.
#[derive(PartialEq, Eq)]
pub(crate) struct User {
    /// No other user has the same name, not even in another domain.
    pub(crate) name: String,
    pub(crate) password: String,
    /// The name of the account.
    pub(crate) domain: String,
}

/// A permanent access key.
#[derive(Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) user: Arc<User>,
}

/// A project and the one user who may use it.
#[derive(Clone)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) user: Arc<User>,
}

/// Somebody whose credentials were accepted.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) user: Arc<User>,
    /// The one project a token is for; access keys are for all projects of their user.
    scope: Option<String>,
}

/// The secret that belongs to an access key, and whose it is.
pub(crate) struct Secret {
    pub(crate) text: String,
    pub(crate) caller: Caller,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    Unknown,
    Expired,
}

/// Why an access key is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    /// No such permanent key; a temporary one without its security token looks the same.
    Unknown,
    /// The security token belongs to another access key, or is none.
    OtherToken,
    Expired,
}

impl Identities {
    /// Those of the file, or the default ones.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, StartError> {
        path.map_or_else(|| Ok(Self::default()), file::read)
    }

    /// The user that everything has as a default.
    pub(crate) fn first_user(&self) -> &Arc<User> {
        &self.first.1.user
    }

    /// The user that knows this password.
    pub(crate) fn log_in(&self, name: &str, password: &str, domain: &str) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.name == name && user.password == password && user.domain == domain)
    }

    /// The projects of a user, in the order of the file.
    pub(crate) fn projects(&self, user: &User) -> impl Iterator<Item = &Project> {
        self.projects.iter().filter(|project| *project.user == *user)
    }

    /// Whose token this is, at a second of the emulator's clock.
    pub(crate) fn token(&self, token: &str, now: i64) -> Result<Caller, TokenProblem> {
        if token == TOKEN {
            let project = &self.first.1;
            return Ok(Caller { user: Arc::clone(&project.user), scope: Some(project.id.clone()) });
        }
        let (user, ticket) = self.ticket(token).ok_or(TokenProblem::Unknown)?;
        match ticket.grant {
            Grant::Token { project_id } if ticket.is_valid(now) && !self.ended.has(token) => {
                Ok(Caller { user, scope: Some(project_id) })
            }
            Grant::Token { .. } => Err(TokenProblem::Expired),
            _ => Err(TokenProblem::Unknown),
        }
    }

    /// The secret of an access key, permanent or temporary, at a second of the emulator's clock.
    pub(crate) fn secret(&self, id: &str, security_token: Option<&str>, now: i64) -> Result<Secret, KeyProblem> {
        let permanent = self.access_keys.iter().find(|key| key.id == id);
        let Some(security_token) = security_token else {
            let key = permanent.ok_or(KeyProblem::Unknown)?;
            let caller = Caller { user: Arc::clone(&key.user), scope: None };
            return Ok(Secret { text: key.secret.clone(), caller });
        };
        let (user, ticket) = self.ticket(security_token).ok_or(KeyProblem::OtherToken)?;
        match &ticket.grant {
            Grant::AccessKey { id: granted } if granted == id => {}
            _ => return Err(KeyProblem::OtherToken),
        }
        if !ticket.is_valid(now) || self.ended.has(security_token) {
            return Err(KeyProblem::Expired);
        }
        Ok(Secret { text: ticket::secret_of(&user, id), caller: Caller { user, scope: None } })
    }

    /// Whether the metadata service handed out this token, and it is still valid.
    pub(crate) fn is_metadata_token(&self, token: &str, now: i64) -> bool {
        self.ticket(token).is_some_and(|(_, ticket)| matches!(ticket.grant, Grant::Metadata) && ticket.is_valid(now))
    }

    /// Ends a token or a temporary access key, given by its security token, before its time.
    pub(crate) fn expire(&self, sealed: &str) {
        if self.ticket(sealed).is_some() {
            self.ended.add(sealed);
        }
    }

    /// Makes everything valid again that [`Self::expire`] has ended.
    pub(crate) fn forget_expired(&self) {
        self.ended.clear();
    }

    /// What a sealed text grants, if it was sealed for a user who is still known and has the same password.
    fn ticket(&self, sealed: &str) -> Option<(Arc<User>, Ticket)> {
        let ticket = Ticket::peek(sealed)?;
        let user = self.users.iter().find(|user| user.name == ticket.user)?;
        ticket::is_sealed_by(user, sealed).then(|| (Arc::clone(user), ticket))
    }
}

impl Default for Identities {
    fn default() -> Self {
        let user = Arc::new(User {
            name: "emulator-user".to_owned(),
            password: "emulator-password".to_owned(),
            domain: "emulator-domain".to_owned(),
        });
        let access_key = AccessKey {
            id: "EMULATOR-ACCESS-KEY".to_owned(),
            secret: "emulator-secret-key".to_owned(),
            user: Arc::clone(&user),
        };
        let project = Project { id: "emulator-project".to_owned(), name: REGION.to_owned(), user: Arc::clone(&user) };
        Self {
            region: REGION.to_owned(),
            users: vec![user],
            access_keys: vec![access_key.clone()],
            projects: vec![project.clone()],
            first: (access_key, project),
            ended: Ended::default(),
        }
    }
}

/// The credential of a request that was handed out for a time: its token, or the security token of its access key.
pub(crate) fn expiring_credential(headers: &HeaderMap) -> Option<&str> {
    ["x-auth-token", "x-security-token", "x-obs-security-token", "x-amz-security-token"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .filter(|credential| *credential != TOKEN)
}

impl Caller {
    /// Whether the caller may use a project.
    pub(crate) fn may_use(&self, project_id: &str, identities: &Identities) -> bool {
        self.scope.as_deref().is_none_or(|scope| scope == project_id)
            && identities.projects(&self.user).any(|project| project.id == project_id)
    }
}

impl User {
    /// The id that IAM shows for the user.
    pub(crate) fn id(&self) -> String {
        ticket::id_of(&["user", &self.domain, &self.name])
    }

    /// The id that IAM shows for the account.
    pub(crate) fn domain_id(&self) -> String {
        ticket::id_of(&["domain", &self.domain])
    }
}

#[cfg(test)]
mod tests;
