//! Who calls the IoTDA port: the token, the project of the path, the instance.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::{Refused, Shared};
use crate::rejection::{Code, Rejection};
use crate::{identity, rules};

/// A caller that may use the project in the path.
pub(crate) struct Authorized {
    /// The `package_id` of the path, unchecked; empty when the path has none.
    pub(crate) package_id: String,
}

impl FromRequestParts<Arc<Shared>> for Authorized {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refused> {
        let token = parts.headers.get("x-auth-token");
        if token.is_none_or(|token| token.as_bytes() != identity::TOKEN.as_bytes()) {
            return Err(not_authenticated(token.is_some()).into());
        }
        let path = RawPathParams::from_request_parts(parts, shared)
            .await
            .map_err(|_| Rejection::new(Code::UnknownPath, "The path is not percent-encoded UTF-8"))?;
        let segment =
            |name| path.iter().find_map(|(found, value)| (found == name).then(|| value.to_owned())).unwrap_or_default();
        let project_id = segment("project_id");
        if project_id != identity::PROJECT_ID {
            return Err(Rejection::new(
                Code::ProjectMismatch,
                format!(
                    "The token is not valid for project {project_id}; the emulator has only the project {}",
                    identity::PROJECT_ID
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

fn not_authenticated(has_token: bool) -> Rejection {
    let found = if has_token { "X-Auth-Token is another one" } else { "the header X-Auth-Token is missing" };
    Rejection::new(
        Code::NotAuthenticated,
        format!("Authentication failed. The emulator accepts only its own token, {:?}, and {found}", identity::TOKEN),
    )
}
