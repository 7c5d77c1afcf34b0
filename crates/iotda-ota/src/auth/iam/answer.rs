//! What IAM answers, read. The errors are phrases that follow the name of who answered.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::model::ProjectId;
use crate::validate::{Violations, rules};

/// How long a token lasts by the page "Authentication" of the IoTDA API reference, should an answer not say.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How many projects of other names are named.
const MOST_NAMED: usize = 10;

/// A project as IAM knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// What the body says about a token; the token itself is in a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenDetails {
    pub(super) project_id: Option<ProjectId>,
    pub(super) expires_at: Timestamp,
}

/// The end of a token that is no use any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It has expired, as this machine sees it.
    Expired(String),
    /// Something else is wrong with the answer.
    Odd(String),
}

/// Reads the body that comes with a token. One that says nothing is none that does harm.
pub(super) fn token(body: &[u8], now: Timestamp) -> Result<TokenDetails, Unfit> {
    let details: Value = serde_json::from_slice(body).unwrap_or_default();
    let project_id = match details["token"]["project"]["id"].as_str() {
        Some(id) => {
            Some(usable(id).ok_or_else(|| Unfit::Odd(format!("named a project id that no path can hold: {id:?}")))?)
        }
        None => None,
    };
    let said = details["token"]["expires_at"].as_str().and_then(|text| text.parse().ok());
    let expires_at = said.unwrap_or_else(|| now.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX));
    if expires_at <= now {
        let text = format!("gave a token that expired at {expires_at}, while the clock of this machine says {now:.0}");
        return Err(Unfit::Expired(text));
    }
    Ok(TokenDetails { project_id, expires_at })
}

/// Reads a list of projects. What is no project in it is passed over.
pub(super) fn projects(body: &[u8]) -> Result<Vec<Project>, &'static str> {
    #[derive(Deserialize)]
    struct List {
        projects: Option<Vec<Value>>,
    }

    let list: Value = serde_json::from_slice(body).map_err(|_| "answered something that is no JSON")?;
    let list: List = serde_json::from_value(list).map_err(|_| "answered no list of projects")?;
    let projects = list.projects.ok_or("answered no list of projects")?;
    let text = |project: &Value, name: &str| project[name].as_str().unwrap_or_default().to_owned();
    Ok(projects.iter().map(|project| Project { id: text(project, "id"), name: text(project, "name") }).collect())
}

/// The project that a name stands for, or why it stands for none.
///
/// Projects of other names do not count, should IAM have taken the name for a part of one.
pub(crate) fn only_project(projects: &[Project], name: &str) -> Result<ProjectId, String> {
    let fitting: Vec<_> = projects.iter().filter(|project| project.name == name).collect();
    match fitting.as_slice() {
        [project] => {
            usable(&project.id).ok_or_else(|| format!("IAM names a project id that no path can hold: {:?}", project.id))
        }
        [] => {
            let others: Vec<_> =
                projects.iter().take(MOST_NAMED).map(|project| project.name.escape_debug().to_string()).collect();
            let others = match others.is_empty() {
                true => String::new(),
                false => format!(", but {}", others.join(", ")),
            };
            Err(format!("IAM knows no project {name}{others}; the project may have another name than the region"))
        }
        several => {
            let names: Vec<_> = several.iter().map(|project| format!("{} ({})", project.id, project.name)).collect();
            Err(format!("IAM knows several projects {name}: {}", names.join(", ")))
        }
    }
}

/// A project id that keeps the path one path.
fn usable(id: &str) -> Option<ProjectId> {
    let mut violations = Violations::default();
    rules::project_id(id, &mut violations);
    violations.is_empty().then(|| ProjectId::from(id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn project(id: &str, name: &str) -> Project {
        Project { id: id.to_owned(), name: name.to_owned() }
    }

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    #[test]
    fn exactly_one_project_of_the_name_counts() {
        let found = only_project(&[project("one", "cn-north-4"), project("two", "cn-north-4_lab")], "cn-north-4");
        assert_eq!(found.unwrap(), "one");
        for projects in
            [vec![], vec![project("two", "other")], vec![project("one", "cn-north-4"), project("two", "cn-north-4")]]
        {
            assert!(only_project(&projects, "cn-north-4").is_err(), "{projects:?}");
        }
        let said =
            only_project(&[project("two", "other"), project("three", "cn-north-4_lab")], "cn-north-4").unwrap_err();
        assert!(said.contains("cn-north-4, but other, cn-north-4_lab; the project may have another name"), "{said}");
    }

    #[test]
    fn a_token_lasts_as_long_as_the_answer_says_else_a_day() {
        let read = |text: &str| token(text.as_bytes(), now());
        let full = r#"{"token":{"expires_at":"2026-01-02T05:00:00.000000Z","project":{"id":"p"}}}"#;
        let expires_at = "2026-01-02T05:00:00Z".parse().unwrap();
        assert_eq!(read(full), Ok(TokenDetails { project_id: Some("p".into()), expires_at }));
        for text in ["", "<html>", "[]", r#"{"token":{"expires_at":"soon","project":{"id":7}}}"#] {
            let expires_at = "2026-01-03T03:04:05Z".parse().unwrap();
            assert_eq!(read(text), Ok(TokenDetails { project_id: None, expires_at }), "{text}");
        }
    }

    #[test]
    fn a_token_that_has_expired_on_arrival_is_told_with_both_times() {
        let text = r#"{"token":{"expires_at":"2026-01-02T03:04:05Z"}}"#;
        let Err(Unfit::Expired(said)) = token(text.as_bytes(), now()) else { panic!("it can be used") };
        assert!(said.contains("2026-01-02T03:04:05Z") && said.contains("clock of this machine"), "{said}");
    }

    proptest! {
        #[test]
        fn an_id_that_would_leave_its_place_in_the_path_is_never_used(id in "[a-c/.%?# é]{0,8}") {
            let is_plain = |id: &str| id.chars().all(|c| c.is_ascii_alphanumeric()) && !id.is_empty();
            if let Ok(found) = only_project(&[project(&id, "r")], "r") {
                prop_assert!(is_plain(found.as_str()));
            }
            let body = serde_json::json!({ "token": { "project": { "id": id } } }).to_string();
            if let Ok(TokenDetails { project_id: Some(found), .. }) = token(body.as_bytes(), now()) {
                prop_assert!(is_plain(found.as_str()));
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = token(&body, now());
            let _ = projects(&body);
        }

        #[test]
        fn any_time_of_expiry_is_read_without_panic_and_never_lies_in_the_past(text in "[-+]?[0-9:TZ.-]{0,40}") {
            let body = serde_json::json!({ "token": { "expires_at": text } }).to_string();
            if let Ok(details) = token(body.as_bytes(), now()) {
                prop_assert!(details.expires_at > now());
            }
        }

        #[test]
        fn a_list_of_any_projects_is_read_as_it_was_written(
            written in prop::collection::vec(("\\PC{0,12}", "\\PC{0,12}"), 0..5),
        ) {
            let list: Vec<_> =
                written.iter().map(|(id, name)| serde_json::json!({ "id": id, "name": name, "enabled": true })).collect();
            let body = serde_json::json!({ "links": {}, "projects": list }).to_string();
            let read = projects(body.as_bytes()).unwrap();
            prop_assert_eq!(read, written.iter().map(|(id, name)| project(id, name)).collect::<Vec<_>>());
        }
    }
}
