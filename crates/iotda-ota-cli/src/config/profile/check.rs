//! Reads the text of `config.toml`: its profiles, and everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Value, Values};
use crate::failure::Problem;
use crate::suggestion;

/// What a profile can hold.
const KEYS: [&str; 10] = [
    "region",
    "endpoint",
    "obs_endpoint",
    "obs_region",
    "bucket",
    "iam_endpoint",
    "project_id",
    "instance_id",
    "signing",
    "ca_file",
];

/// The table that holds the profiles.
const PROFILES: &str = "profile";

/// Words that only the names of secrets have.
const SECRETS: [&str; 7] = ["token", "secret", "password", "passwd", "access_key", "accesskey", "private"];

/// How much of a value is shown.
const LONGEST_SHOWN: usize = 60;

/// The profiles of a file by their names, and what is wrong with it.
pub(super) fn parse(bytes: &[u8], file: &Path) -> (BTreeMap<String, Values>, Vec<Problem>) {
    let (text, cut) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, false),
        // Everything before that place is text.
        Err(error) => (std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(), true),
    };
    let mut checked = Checked { text, file, problems: Vec::new() };
    let mut profiles = BTreeMap::new();
    if cut {
        checked.problem(text.len(), "text in UTF-8", "(not shown)", "save the file in that encoding");
    } else {
        match DeTable::parse(text) {
            Ok(document) => profiles = checked.document(document.into_inner()),
            Err(error) => {
                // The line itself is not shown: it may hold a secret.
                let help = error.message().lines().collect::<Vec<_>>().join(", ");
                checked.problem(error.span().map_or(0, |span| span.start), "valid TOML", "(not shown)", help);
            }
        }
    }
    checked.problems.sort_by_key(|(at, _)| *at);
    (profiles, checked.problems.into_iter().map(|(_, problem)| problem).collect())
}

/// A file while it is checked.
struct Checked<'a> {
    text: &'a str,
    file: &'a Path,
    /// Each with the place in the file, because tables are sorted by their keys.
    problems: Vec<(usize, Problem)>,
}

impl Checked<'_> {
    fn document(&mut self, document: DeTable<'_>) -> BTreeMap<String, Values> {
        let mut profiles = BTreeMap::new();
        for (key, value) in document {
            let (at, name) = (key.span().start, key.get_ref());
            match value.into_inner() {
                DeValue::Table(sections) if name == PROFILES => {
                    profiles.extend(sections.into_iter().filter_map(|(name, section)| self.profile(name, section)));
                }
                DeValue::Table(_) | DeValue::Array(_) => self.stray_section(at, name),
                _ => {
                    let help = "put it below a section [profile.NAME], or remove it";
                    self.problem(at, "inside a profile", name, help);
                }
            }
        }
        profiles
    }

    /// One profile, with the keys that can be used.
    fn profile(&mut self, name: Spanned<DeString<'_>>, section: Spanned<DeValue<'_>>) -> Option<(String, Values)> {
        let DeValue::Table(table) = section.into_inner() else {
            let help = format!("write [{PROFILES}.NAME] above it: profiles have names");
            self.problem(name.span().start, "inside a profile", name.get_ref(), help);
            return None;
        };
        let mut values = Values::new();
        for (key, value) in table {
            let name = key.get_ref();
            let at = value.span().start;
            match value.get_ref() {
                _ if !KEYS.contains(&name.as_ref()) => self.unknown(key.span().start, name),
                DeValue::String(text) => {
                    let line = self.position(at).0;
                    values.insert(name.to_string(), Value { text: text.to_string(), line });
                }
                _ => {
                    let found = self.text.get(value.span()).unwrap_or_default();
                    let help = format!("put quotes around it: {name} is a text");
                    self.problem(at, "a text in quotes", found, help);
                }
            }
        }
        Some((name.into_inner().into_owned(), values))
    }

    fn unknown(&mut self, at: usize, name: &str) {
        if is_secret(name) {
            let help = "remove it: profiles never hold secrets; set a variable such as HUAWEICLOUD_SDK_AK, use the file \
                        ~/.huaweicloud/credentials, or log in with iotda-ota auth login";
            return self.problem(at, "no secret", name, help);
        }
        let help = match suggestion::nearest(name, &KEYS) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("remove it; the keys are {}", KEYS.join(", ")),
        };
        self.problem(at, "a known key", name, help);
    }

    /// A section of another name.
    fn stray_section(&mut self, at: usize, name: &str) {
        let help = if suggestion::nearest(&name.to_lowercase(), &[PROFILES]).is_some() {
            format!("did you mean [{PROFILES}.NAME]?")
        } else {
            format!("did you mean [{PROFILES}.{name}]? Else remove it")
        };
        self.problem(at, &format!("a section [{PROFILES}.NAME]"), name, help);
    }

    /// What was found is shown as it stands in the file.
    fn problem(&mut self, at: usize, rule: &str, found: &str, help: impl Into<String>) {
        let (line, column) = self.position(at);
        let field = format!("{} line {line} column {column}", self.file.display());
        let value = found.chars().take(LONGEST_SHOWN).collect();
        let problem = Problem { field, origin: None, rule: rule.to_owned(), value, help: help.into(), at: None };
        self.problems.push((at, problem));
    }

    /// Line and column of a place, both counted from one, as editors do.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    ["ak", "sk"].contains(&name.as_str()) || SECRETS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests;
