//! `POST /v3/auth/tokens`: a token for a user's name and password, valid for a day and one project.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::{Shared, answer, set};
use super::{Named, Refused, read};
use crate::clock::{IdKind, iam_time};
use crate::identity::ticket::{Grant, Ticket};
use crate::identity::{Project, User};

/// How long a token is valid, by the IAM reference.
const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

#[derive(Deserialize)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    password: Option<Password>,
}

#[derive(Deserialize)]
struct Password {
    user: UserName,
}

#[derive(Deserialize)]
struct UserName {
    name: String,
    password: String,
    domain: DomainName,
}

#[derive(Deserialize)]
struct DomainName {
    name: String,
}

#[derive(Deserialize)]
struct Scope {
    project: Option<ProjectName>,
}

#[derive(Deserialize)]
struct ProjectName {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    token: Token<'a>,
}

#[derive(Serialize)]
struct Token<'a> {
    methods: [&'static str; 1],
    issued_at: String,
    expires_at: String,
    user: TokenUser<'a>,
    project: TokenProject<'a>,
    roles: [(); 0],
    /// No services are listed, and nothing at all when the request says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<[(); 0]>,
}

#[derive(Serialize)]
struct TokenUser<'a> {
    domain: Named<'a>,
    id: String,
    name: &'a str,
    password_expires_at: &'static str,
}

#[derive(Serialize)]
struct TokenProject<'a> {
    domain: Named<'a>,
    id: &'a str,
    name: &'a str,
}

pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Refused> {
    let Body { auth } = read(&body)?;
    let Some(Password { user }) = auth.identity.password.filter(|_| auth.identity.methods == ["password"]) else {
        return Err(Refused::bad_request(
            "The emulator gives tokens for passwords only: auth.identity.methods must be [\"password\"], with \
             auth.identity.password",
        ));
    };
    let user = shared
        .access
        .identities
        .log_in(&user.name, &user.password, &user.domain.name)
        .ok_or_else(|| Refused::unauthorized("The username or password is wrong."))?;
    let project = project(auth.scope, user, &shared)?;

    let issued = shared.now();
    let ticket = Ticket {
        user: user.name.clone(),
        grant: Grant::Token { project_id: project.id.clone() },
        expires: issued + LIFETIME_SECONDS,
        number: format!("{:032x}", shared.clock.id(IdKind::Token)),
    };
    let domain = || Named { id: user.domain_id(), name: &user.domain };
    let token = Token {
        methods: ["password"],
        issued_at: iam_time(issued),
        expires_at: iam_time(ticket.expires),
        user: TokenUser { domain: domain(), id: user.id(), name: &user.name, password_expires_at: "" },
        project: TokenProject { domain: domain(), id: &project.id, name: &project.name },
        roles: [],
        catalog: (!has_nocatalog(query.as_deref())).then_some([]),
    };
    let mut response = answer(StatusCode::CREATED, &Answer { token });
    set(&mut response, "x-subject-token", &ticket.seal(user));
    Ok(response)
}

/// The project that the token is asked for; of several with the same name the first.
fn project<'a>(scope: Option<Scope>, user: &User, shared: &'a Shared) -> Result<&'a Project, Refused> {
    let mut projects = shared.access.identities.projects(user);
    match scope.and_then(|scope| scope.project) {
        Some(ProjectName { id: Some(id), .. }) => projects
            .find(|project| project.id == id)
            .ok_or_else(|| Refused::unauthorized(format!("The user has no project with the id {id:?}."))),
        Some(ProjectName { name: Some(name), .. }) => projects
            .find(|project| project.name == name)
            .ok_or_else(|| Refused::unauthorized(format!("The user has no project with the name {name:?}."))),
        _ => Err(Refused::bad_request(
            "The emulator gives tokens for projects only: auth.scope.project must have an id or a name",
        )),
    }
}

/// Whether the query asks to leave the catalog out, with any text that is not empty.
fn has_nocatalog(query: Option<&str>) -> bool {
    let mut items = query.unwrap_or_default().split('&');
    items.any(|item| item.strip_prefix("nocatalog=").is_some_and(|value| !value.is_empty()))
}
