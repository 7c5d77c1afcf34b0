//! `GET /v3/projects`: the projects of the caller, optionally those of one name.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::super::{Shared, answer};
use super::{Refused, authenticate};
use crate::identity::Project;

#[derive(Serialize)]
struct Answer<'a> {
    links: ListLinks,
    projects: Vec<ProjectBody<'a>>,
}

#[derive(Serialize)]
struct ListLinks {
    #[serde(rename = "self")]
    own: String,
    previous: Option<String>,
    next: Option<String>,
}

#[derive(Serialize)]
struct ProjectBody<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: String,
    parent_id: String,
    description: &'static str,
    enabled: bool,
    is_domain: bool,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    own: String,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>, parts: Parts) -> Result<Response, Refused> {
    let caller = authenticate(&parts, &shared, None)?;
    let query = parts.uri.query();
    let name = query.map(wanted_name).transpose()?.flatten();
    let is_wanted = |project: &&Project| name.as_ref().is_none_or(|name| project.name == *name);
    let url = format!("{}/v3/projects", shared.endpoint);
    let projects = shared.access.identities.projects(&caller.user).filter(is_wanted).map(|project| ProjectBody {
        id: &project.id,
        name: &project.name,
        domain_id: caller.user.domain_id(),
        parent_id: caller.user.domain_id(),
        description: "",
        enabled: true,
        is_domain: false,
        links: Links { own: format!("{url}/{}", project.id) },
    });
    let own = query.map_or_else(|| url.clone(), |query| format!("{url}?{query}"));
    let links = ListLinks { own, previous: None, next: None };
    Ok(answer(StatusCode::OK, &Answer { links, projects: projects.collect() }))
}

/// The value of `name` in a query, if it is there.
fn wanted_name(query: &str) -> Result<Option<String>, Refused> {
    let value = query.split('&').find_map(|item| item.strip_prefix("name="));
    let decoded = value.map(|value| percent_decode_str(value).decode_utf8()).transpose();
    match decoded {
        Ok(name) => Ok(name.map(|name| name.into_owned())),
        Err(_) => Err(Refused::bad_request("The query is not percent-encoded UTF-8")),
    }
}
