//! The file of identities: TOML, described in the README.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::ended::Ended;
use super::{AccessKey, Identities, Project, REGION, User};
use crate::start_error::StartError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    region: Option<Spanned<String>>,
    #[serde(default)]
    user: Vec<UserEntry>,
    #[serde(default)]
    access_key: Vec<AccessKeyEntry>,
    #[serde(default)]
    project: Vec<ProjectEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserEntry {
    name: Spanned<String>,
    password: Spanned<String>,
    domain: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessKeyEntry {
    id: Spanned<String>,
    secret: Spanned<String>,
    user: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectEntry {
    id: Spanned<String>,
    name: Spanned<String>,
    user: Spanned<String>,
}

/// What is wrong, and at which byte.
struct Problem {
    at: usize,
    text: String,
}

/// Reads and checks the file.
pub(super) fn read(path: &Path) -> Result<Identities, StartError> {
    let text = fs::read_to_string(path).map_err(|source| StartError::identities_file(path, source))?;
    parse(&text).map_err(|problem| {
        let before = text.get(..problem.at).unwrap_or_default();
        StartError::identities(path, before.matches('\n').count() + 1, problem.text)
    })
}

fn parse(text: &str) -> Result<Identities, Problem> {
    let document: Document = toml::from_str(text).map_err(|error| Problem {
        at: error.span().map_or(0, |span| span.start),
        text: error.message().trim_end().replace('\n', ": "),
    })?;

    let mut users = Vec::new();
    let mut names = HashSet::new();
    for entry in document.user {
        let (name, password, domain) = (text_of(entry.name)?, text_of(entry.password)?, text_of(entry.domain)?);
        unique(&mut names, &name, "user", "name")?;
        users.push(Arc::new(User {
            name: name.into_inner(),
            password: password.into_inner(),
            domain: domain.into_inner(),
        }));
    }

    let mut access_keys = Vec::new();
    let mut ids = HashSet::new();
    for entry in document.access_key {
        let id = id_of(entry.id, |c| c.is_ascii_graphic() && !matches!(c, ',' | '/' | ':'))?;
        unique(&mut ids, &id, "access key", "id")?;
        let (secret, user) = (text_of(entry.secret)?.into_inner(), known(&users, &entry.user)?);
        access_keys.push(AccessKey { id: id.into_inner(), secret, user });
    }

    let mut projects = Vec::new();
    let mut ids = HashSet::new();
    for entry in document.project {
        let id = id_of(entry.id, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))?;
        unique(&mut ids, &id, "project", "id")?;
        let (name, user) = (text_of(entry.name)?.into_inner(), known(&users, &entry.user)?);
        projects.push(Project { id: id.into_inner(), name, user });
    }

    let region = match document.region {
        Some(region) => id_of(region, |c| c.is_ascii_alphanumeric() || c == '-')?.into_inner(),
        None => REGION.to_owned(),
    };
    // What is missing is missing at the end.
    let end = |problem: String| Problem { at: text.trim_end().len(), text: problem };
    let Some(first) = users.first() else {
        return Err(end("there is no [[user]]".to_owned()));
    };
    let lacks = |what| end(format!("the first user, {:?}, has no [[{what}]]", first.name));
    let access_key = access_keys.iter().find(|key| key.user == *first).ok_or_else(|| lacks("access_key"))?;
    let project = projects.iter().find(|project| project.user == *first).ok_or_else(|| lacks("project"))?;
    let first = (access_key.clone(), project.clone());
    Ok(Identities { region, users, access_keys, projects, first, ended: Ended::default() })
}

/// Any text that has something in it and no control characters.
fn text_of(value: Spanned<String>) -> Result<Spanned<String>, Problem> {
    let problem = match value.get_ref() {
        text if text.trim().is_empty() => "the text is empty",
        text if text.chars().any(char::is_control) => "the text has a control character",
        _ => return Ok(value),
    };
    Err(Problem { at: value.span().start, text: problem.to_owned() })
}

/// Text of certain characters only.
fn id_of(value: Spanned<String>, is_right: fn(char) -> bool) -> Result<Spanned<String>, Problem> {
    let value = text_of(value)?;
    match value.get_ref().chars().find(|&c| !is_right(c)) {
        None => Ok(value),
        Some(wrong) => Err(Problem { at: value.span().start, text: format!("{wrong:?} cannot be part of this") }),
    }
}

fn unique(seen: &mut HashSet<String>, value: &Spanned<String>, what: &str, field: &str) -> Result<(), Problem> {
    if seen.insert(value.get_ref().clone()) {
        return Ok(());
    }
    let text = format!("another {what} has the same {field}, {:?}", value.get_ref());
    Err(Problem { at: value.span().start, text })
}

fn known(users: &[Arc<User>], name: &Spanned<String>) -> Result<Arc<User>, Problem> {
    let found = users.iter().find(|user| user.name == *name.get_ref());
    found.map(Arc::clone).ok_or_else(|| Problem {
        at: name.span().start,
        text: format!("there is no [[user]] named {:?}", name.get_ref()),
    })
}

#[cfg(test)]
mod tests;
