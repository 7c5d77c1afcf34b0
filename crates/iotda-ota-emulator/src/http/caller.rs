//! Who calls the IoTDA port: credentials, the project of the path, the instance.
//!
//! A request comes with a token in `X-Auth-Token` or is signed ([`signature`]). If it has both, the token counts.

mod signature;

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

pub(super) use self::signature::{Gate, signer};
use super::{Refused, Shared};
use crate::identity::{Caller, Identities, TokenProblem};
use crate::instance::{InstanceKind, Refusal};
use crate::rejection::{Code, Rejection};
use crate::rules;

/// Whose credentials are accepted, and in which way.
pub(crate) struct Access {
    pub(crate) identities: Arc<Identities>,
    pub(crate) kind: InstanceKind,
    pub(crate) refusal: Option<Refusal>,
}

/// A caller that may use the project in the path.
pub(crate) struct Authorized {
    /// The `package_id` of the path, unchecked; empty when the path has none.
    pub(crate) package_id: String,
}

impl FromRequestParts<Arc<Shared>> for Authorized {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let caller = authenticate(parts, &shared.access, shared.now())?;
        if shared.access.refusal == Some(Refusal::NotSubscribed) {
            return Err(Rejection::new(
                Code::NotPermitted,
                "Operation not allowed. The emulator was told to refuse every call as not subscribed",
            )
            .into());
        }
        let path = RawPathParams::from_request_parts(parts, shared)
            .await
            .map_err(|_| Rejection::new(Code::UnknownPath, "The path is not percent-encoded UTF-8"))?;
        let segment =
            |name| path.iter().find_map(|(found, value)| (found == name).then(|| value.to_owned())).unwrap_or_default();
        let project_id = segment("project_id");
        if !caller.may_use(&project_id, &shared.access.identities) {
            let projects = shared.access.identities.projects(&caller.user);
            let projects: Vec<&str> = projects.map(|project| project.id.as_str()).collect();
            let projects = if projects.is_empty() { "none".to_owned() } else { projects.join(", ") };
            return Err(Rejection::new(
                Code::ProjectMismatch,
                format!(
                    "The credentials are not valid for project {project_id}. The projects of the user: {projects}; a token \
                     is for one of them"
                ),
            )
            .into());
        }
        if let Some(instance) = parts.headers.get("instance-id") {
            rules::instance_id(&String::from_utf8_lossy(instance.as_bytes()))?;
        }
        Ok(Self { package_id: segment("package_id") })
    }
}

fn authenticate(parts: &Parts, access: &Access, now: i64) -> Result<Caller, Rejection> {
    if let Some(token) = token(parts) {
        return access.identities.token(&token, now).map_err(|problem| {
            let problem = match problem {
                TokenProblem::Unknown => "the emulator has not issued this X-Auth-Token",
                TokenProblem::Expired => "X-Auth-Token has expired",
            };
            incorrect(format_args!("decrypt token fail, {problem}"))
        });
    }
    signer(parts, access, now, Gate::Iotda)?.ok_or_else(|| {
        Rejection::new(
            Code::NotAuthenticated,
            "Authentication failed. The request has no X-Auth-Token and is not signed with an access key",
        )
    })
}

/// The token of a request; what is not text is no token of ours.
pub(super) fn token(parts: &Parts) -> Option<String> {
    let value = parts.headers.get("x-auth-token")?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// How the API gateway refuses credentials.
fn incorrect(problem: impl fmt::Display) -> Rejection {
    Rejection::new(Code::Gateway, format!("Incorrect IAM authentication information: {problem}"))
}
