//! What IAM is asked, as JSON. The types borrow, so that no copy of a secret is made but the one that is sent.

use serde::Serialize;

use super::{Scope, User};

/// The body of every one of these requests.
#[derive(Serialize)]
pub(super) struct Auth<T> {
    auth: T,
}

/// A user's password for a token.
#[derive(Serialize)]
pub(super) struct ForPassword<'a> {
    identity: PasswordIdentity<'a>,
    scope: ProjectScope<'a>,
}

#[derive(Serialize)]
struct PasswordIdentity<'a> {
    methods: [&'static str; 1],
    password: PasswordUser<'a>,
}

#[derive(Serialize)]
struct PasswordUser<'a> {
    user: UserBody<'a>,
}

#[derive(Serialize)]
struct UserBody<'a> {
    name: &'a str,
    password: &'a str,
    domain: Name<'a>,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct ProjectScope<'a> {
    project: ProjectBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum ProjectBody<'a> {
    Id(&'a str),
    Name(&'a str),
}

/// A token for a temporary access key.
#[derive(Serialize)]
pub(super) struct ForToken<'a> {
    identity: TokenIdentity<'a>,
}

#[derive(Serialize)]
struct TokenIdentity<'a> {
    methods: [&'static str; 1],
    token: TokenBody<'a>,
}

#[derive(Serialize)]
struct TokenBody<'a> {
    id: &'a str,
    duration_seconds: u32,
}

/// The token of an identity provider for one of IAM.
#[derive(Serialize)]
pub(super) struct ForIdToken<'a> {
    id_token: IdToken<'a>,
}

#[derive(Serialize)]
struct IdToken<'a> {
    id: &'a str,
}

pub(super) fn for_password<'a>(user: &User<'a>, password: &'a str, scope: &'a Scope) -> Auth<ForPassword<'a>> {
    let project = match scope {
        Scope::Id(id) => ProjectBody::Id(id),
        Scope::Name(name) => ProjectBody::Name(name),
    };
    let user = UserBody { name: user.name, password, domain: Name { name: user.domain } };
    let identity = PasswordIdentity { methods: ["password"], password: PasswordUser { user } };
    Auth { auth: ForPassword { identity, scope: ProjectScope { project } } }
}

pub(super) fn for_token(id: &str, duration_seconds: u32) -> Auth<ForToken<'_>> {
    let identity = TokenIdentity { methods: ["token"], token: TokenBody { id, duration_seconds } };
    Auth { auth: ForToken { identity } }
}

pub(super) fn for_id_token(id: &str) -> Auth<ForIdToken<'_>> {
    Auth { auth: ForIdToken { id_token: IdToken { id } } }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;
    use serde_json::{Value, json};

    use super::*;

    fn written(value: &impl Serialize) -> Value {
        serde_json::to_value(value).unwrap()
    }

    proptest! {
        #[test]
        fn any_user_is_written_as_the_models_of_the_official_sdk_say(
            name in "\\PC{0,12}", password in "\\PC{0,12}", domain in "\\PC{0,12}", project in "\\PC{0,12}",
        ) {
            let secret = SecretString::from(password.as_str());
            let user = User { name: &name, password: &secret, domain: &domain };
            let user_body = json!({ "name": name, "password": password, "domain": { "name": domain } });
            let identity = json!({ "methods": ["password"], "password": { "user": user_body } });
            for (scope, project) in [
                (Scope::Id(project.clone()), json!({ "id": project })),
                (Scope::Name(project.clone()), json!({ "name": project })),
            ] {
                let wanted = json!({ "auth": { "identity": identity, "scope": { "project": project } } });
                prop_assert_eq!(written(&for_password(&user, &password, &scope)), wanted);
            }
        }

        #[test]
        fn any_token_is_written_as_the_models_of_the_official_sdk_say(token in "\\PC{0,30}", seconds in any::<u32>()) {
            let identity = json!({ "methods": ["token"], "token": { "id": token, "duration_seconds": seconds } });
            prop_assert_eq!(written(&for_token(&token, seconds)), json!({ "auth": { "identity": identity } }));
            prop_assert_eq!(written(&for_id_token(&token)), json!({ "auth": { "id_token": { "id": token } } }));
        }
    }
}
