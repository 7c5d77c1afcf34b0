//! Profiles: sections `[profile.NAME]` of `config.toml` in the user's configuration folder.
//!
//! They hold everything that says where a command goes, and never secrets. The whole file is checked, and all that is
//! wrong with it is reported at once, with the number of the line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::folders;
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

/// Words that only the names of secrets have.
const SECRETS: [&str; 7] = ["token", "secret", "password", "passwd", "access_key", "accesskey", "private"];

/// The longest file that is read; real ones have a few lines.
const LONGEST: u64 = 1 << 20;

/// How much of a value is shown.
const LONGEST_SHOWN: usize = 60;

/// The texts of one profile by their keys.
type Values = BTreeMap<String, String>;

/// The settings of one profile.
#[derive(Debug, Default)]
pub(super) struct Profile {
    values: Values,
    file: PathBuf,
}

impl Profile {
    /// Reads the profile that `origin` names, a flag or a variable; nothing if there is none that can be read.
    pub(super) fn read(origin: &str, name: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(file) = folders::config_file() else {
            let help = "you have no home folder, so there is no configuration folder to look into";
            problems.push(Problem::new(origin, "left out", name, help));
            return None;
        };
        let mut missing = |help: String| {
            problems.push(Problem::new(origin, format!("a profile of {}", file.display()), name, help));
        };
        let text = match text(&file) {
            Ok(text) => text,
            Err(error) => {
                missing(match error.kind() {
                    io::ErrorKind::NotFound => format!("there is no such file yet; begin it with [profile.{name}]"),
                    _ => format!("the file cannot be read; the system says: {error}"),
                });
                return None;
            }
        };
        let (mut profiles, mut wrong) = parse(&text, &file);
        let found = profiles.remove(name);
        // What is wrong with the file may be the reason why the profile is not found.
        if found.is_none() && wrong.is_empty() {
            let known: Vec<_> = profiles.keys().map(String::as_str).collect();
            missing(match known.as_slice() {
                [] => "the file has no profiles; a section [profile.NAME] makes one".to_owned(),
                [one] => format!("the only one there is {one}"),
                several => format!("known are {}", several.join(", ")),
            });
        }
        problems.append(&mut wrong);
        Some(Self { values: found?, file })
    }

    /// The value of a key. An empty one counts as unset, as it does in the environment.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.values.get(key).filter(|value| !value.is_empty()).cloned()
    }

    /// The value of a key as a path, which is relative to the folder of the file.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        let value = self.text(key)?;
        Some(self.file.parent().map_or_else(|| PathBuf::from(&value), |folder| folder.join(&value)))
    }

    /// What messages call a key of it.
    pub(super) fn field(&self, key: &str) -> String {
        format!("{} {key}", self.file.display())
    }
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let length = File::open(file)?.take(LONGEST + 1).read_to_string(&mut text)? as u64;
    if length > LONGEST {
        return Err(io::Error::other("the file is longer than 1 MiB"));
    }
    Ok(text)
}

/// The profiles of a file by their names, and what is wrong with it.
fn parse(text: &str, file: &Path) -> (BTreeMap<String, Values>, Vec<Problem>) {
    let mut checked = Checked { text, file, problems: Vec::new() };
    let mut profiles = BTreeMap::new();
    match DeTable::parse(text) {
        Ok(document) => {
            for (key, value) in document.into_inner() {
                let at = key.span().start;
                match value.into_inner() {
                    DeValue::Table(sections) if key.get_ref() == "profile" => {
                        profiles
                            .extend(sections.into_iter().filter_map(|(name, section)| checked.profile(name, section)));
                    }
                    _ => checked.stray(at, key.get_ref()),
                }
            }
        }
        Err(error) => {
            // The line itself is not shown: it may hold a secret.
            let help = error.message().lines().collect::<Vec<_>>().join(", ");
            checked.problem(error.span().map_or(0, |span| span.start), "valid TOML", "(not shown)", help);
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
    /// One profile, with the keys that can be used.
    fn profile(&mut self, name: Spanned<DeString<'_>>, section: Spanned<DeValue<'_>>) -> Option<(String, Values)> {
        let DeValue::Table(table) = section.into_inner() else {
            self.stray(name.span().start, name.get_ref());
            return None;
        };
        let mut values = Values::new();
        for (key, value) in table {
            let name = key.get_ref();
            match value.get_ref() {
                _ if !KEYS.contains(&name.as_ref()) => self.unknown(key.span().start, name),
                DeValue::String(text) => {
                    values.insert(name.to_string(), text.to_string());
                }
                _ => {
                    let found = self.text.get(value.span()).unwrap_or_default();
                    self.problem(
                        value.span().start,
                        "a text in quotes",
                        found,
                        format!("put quotes around it: {name} is a text"),
                    );
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

    /// Something outside a profile.
    fn stray(&mut self, at: usize, name: &str) {
        let help = "remove it, or write a section [profile.NAME] above it";
        self.problem(at, "a key of a profile", name, help);
    }

    /// What was found is shown as it stands in the file.
    fn problem(&mut self, at: usize, rule: &str, found: &str, help: impl Into<String>) {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let field = format!("{} line {line}", self.file.display());
        let value = found.chars().take(LONGEST_SHOWN).collect();
        self.problems.push((at, Problem { field, rule: rule.to_owned(), value, help: help.into(), at: None }));
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    ["ak", "sk"].contains(&name.as_str()) || SECRETS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (BTreeMap<String, Values>, Vec<String>) {
        let (profiles, problems) = parse(text, Path::new("config.toml"));
        let problems = problems.iter().map(|p| format!("{}: {}, {}; {}", p.field, p.rule, p.value, p.help));
        (profiles, problems.collect())
    }

    #[test]
    fn reads_every_key_of_every_profile() {
        let keys: String = KEYS.iter().map(|key| format!("{key} = \"x\"\n")).collect();
        let (profiles, problems) = parsed(&format!("# mine\n[profile.one]\n{keys}\n[profile.\"t w o\"]\n"));
        assert_eq!(problems, [""; 0]);
        assert_eq!(profiles["one"].len(), KEYS.len());
        assert!(profiles["t w o"].is_empty());
    }

    #[test]
    fn everything_wrong_is_named_with_its_line() {
        let text = "top = 1\n[profile.one]\nregoin = \"a\"\nproject_id = 5\n\n[profile.two]\ncolour = \"b\"\n[other]\n";
        let (_, problems) = parsed(text);
        let wanted =
            [(1, "top"), (3, "did you mean region?"), (4, "a text in quotes, 5;"), (7, "the keys are"), (8, "other")];
        assert_eq!(problems.len(), wanted.len(), "{problems:#?}");
        for (problem, (line, text)) in problems.iter().zip(wanted) {
            assert!(problem.starts_with(&format!("config.toml line {line}: ")) && problem.contains(text), "{problem}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for key in ["ak", "SK", "token", "security-token", "iam_password", "access_key_id", "Secret"] {
            let (_, problems) = parsed(&format!("[profile.one]\n{key} = \"planted\"\n"));
            assert_eq!(problems.len(), 1);
            assert!(problems[0].contains("no secret") && !problems[0].contains("planted"), "{problems:?}");
        }
        for text in ["[profile.one]\ntoken = planted", "[profile.one]\ntoken = 'planted\n", "planted", "[planted"] {
            let (_, problems) = parsed(text);
            assert!(problems.len() == 1 && !problems[0].contains("planted"), "{problems:?}");
        }
    }

    #[test]
    fn any_text_is_either_profiles_or_problems() {
        // Every cut and every replaced character of a file is some other file.
        let text = "[profile.one]\nregion = \"cn-north-4\" # é\nca_file = 'a'\n[profile.two]\nx = {y = [1, 2.5]}\n";
        for (at, _) in text.char_indices() {
            parsed(&text[..at]);
            for with in ["\"", "[", "=", "\u{0}", "\n", "é"] {
                parsed(&format!("{}{with}{}", &text[..at], &text[at..]));
            }
        }
    }
}
