//! From a file to a manifest, with everything that is wrong with its shape and the place of every value.
//!
//! A mistake never hides the next one: the parser goes on after an error, each key is looked at by itself, and what can
//! be used is used. Whether the values keep the rules of packages is the business of `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::key_pattern;
use super::place::Place;
use super::types::{KEYS, Manifest, property, schema};
use crate::failure::Problem;
use crate::suggestion;

/// The longest file that is read; all values at their longest need less.
const LONGEST: u64 = 64 << 10;

/// How much of a value is shown.
const LONGEST_SHOWN: usize = 60;

/// What problems call the file as a whole.
const FIELD: &str = "manifest";

/// Names that people give to keys, and what the keys are called.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("bucket", "bucket_name"),
    ("key", "object_key"),
    ("module", "module_name"),
    ("source_versions", "support_source_versions"),
    ("type", "package_type"),
    ("upgrade_type", "package_type"),
];

/// A manifest that was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read {
    pub(crate) file: PathBuf,
    /// What it says, as far as it can be understood.
    pub(crate) manifest: Manifest,
    /// What cannot be understood, in the order of the file.
    pub(crate) problems: Vec<Problem>,
    /// Where each value is, by the names that violations use.
    places: BTreeMap<String, Place>,
}

impl Read {
    /// Reads a file; one that cannot be read is a manifest with a problem.
    pub(crate) fn file(file: &Path) -> Self {
        match bytes(file) {
            Ok(bytes) => Self::bytes(file, &bytes),
            Err(problem) => Self { file: file.to_owned(), problems: vec![*problem], ..Self::default() },
        }
    }

    /// Reads the content of a file.
    pub(crate) fn bytes(file: &Path, bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Reader::new(file, text).read(),
            Err(error) => {
                let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
                let help = "save the file as UTF-8; this is the first place that is not";
                let mut problem = Problem::new(FIELD, "text in UTF-8", "", help);
                problem.at = Some(Place::of(file, &valid, valid.len()));
                Self { file: file.to_owned(), problems: vec![problem], ..Self::default() }
            }
        }
    }

    /// The place of a value by the name of its key, of an entry of a list by name and index.
    pub(crate) fn place(&self, name: &str) -> Option<&Place> {
        let key = name.split('[').next().unwrap_or(name);
        self.places.get(name).or_else(|| self.places.get(key))
    }
}

/// The content of a file that may be a manifest.
fn bytes(file: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let problem = |rule: &str, help: String| Box::new(Problem::new(FIELD, rule, &file.display().to_string(), help));
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            problem("an existing file", "check the path; iotda-ota manifest init writes a new one".to_owned())
        }
        io::ErrorKind::PermissionDenied => problem("readable", "give yourself permission to read it".to_owned()),
        _ => problem("readable", format!("the system says: {error}")),
    };
    // Looked at before it is opened, because opening a pipe would wait.
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if metadata.is_dir() {
        let help = format!("name the file inside it, such as {}", file.join(super::FILE_NAME).display());
        return Err(problem("a file and no folder", help));
    }
    if !metadata.is_file() {
        return Err(problem("a regular file", "write the manifest into a file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        let help = "check the path: a manifest with all values at their longest is shorter".to_owned();
        return Err(problem("at most 64 KiB", help));
    }
    Ok(bytes)
}

/// The begin of a text, as a message shows it.
pub(super) fn shown(text: &str) -> &str {
    text.char_indices().nth(LONGEST_SHOWN).map_or(text, |(end, _)| &text[..end])
}

/// What a key takes.
enum Shape {
    Text,
    Texts,
    /// A list of some of these names.
    Names(Vec<String>),
}

impl Shape {
    fn of(property: &Value) -> Self {
        if property["type"] != "array" {
            return Self::Text;
        }
        let Some(names) = property["items"]["enum"].as_array() else { return Self::Texts };
        Self::Names(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

/// A manifest while it is read.
struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    schema: Value,
    places: BTreeMap<String, Place>,
    /// Each with its place, because tables are sorted by their keys.
    problems: Vec<(usize, Problem)>,
    /// Lines that are no TOML. What else seems wrong with them would only mislead.
    damaged: BTreeSet<usize>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Path, text: &'a str) -> Self {
        let (places, problems, damaged) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { file, text, schema: schema(), places, problems, damaged }
    }

    fn read(mut self) -> Read {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            self.damaged.insert(self.place(at).line);
            // The line itself is not shown: it may hold something that nobody else should see.
            let message: Vec<_> = error.message().lines().collect();
            self.problem(at, FIELD, "valid TOML", "", message.join(", "));
        }
        let span = document.span();
        let mut usable = DeTable::new();
        let entries = document.into_inner();
        let mut taken: BTreeSet<_> = entries.keys().map(|key| key.get_ref().to_string()).collect();
        for (key, value) in entries {
            let (name, at) = (key.get_ref().as_ref(), key.span());
            if self.damaged.contains(&self.place(at.start).line) {
                continue;
            }
            let known = match KEYS.iter().find(|known| **known == name) {
                Some(known) => Some(*known),
                // Its value may be wrong, too.
                None => self.unknown(at.start, name, value.get_ref()).filter(|meant| taken.insert((*meant).to_owned())),
            };
            if let Some(known) = known
                && let Some(value) = self.entry(known, value)
            {
                usable.insert(Spanned::new(at, known.into()), value);
            }
        }
        let manifest = Manifest::deserialize(Deserializer::from(Spanned::new(span, usable))).unwrap_or_else(|error| {
            // Shapes come from the type itself, so that this says more than `entry` knows.
            let at = error.span().map_or(0, |span| span.start);
            self.problem(at, FIELD, "a manifest", "", error.message());
            Manifest::default()
        });
        self.problems.sort_by_key(|(at, _)| *at);
        let problems = self.problems.into_iter().map(|(_, problem)| problem).collect();
        Read { file: self.file.to_owned(), manifest, problems, places: self.places }
    }

    /// The value of a key, if it can be used.
    fn entry(&mut self, name: &str, value: Spanned<DeValue<'a>>) -> Option<Spanned<DeValue<'a>>> {
        let span = value.span();
        let shape = Shape::of(property(&self.schema, name));
        let value = match (shape, value.into_inner()) {
            (Shape::Text, DeValue::String(text)) => {
                if name == "object_key" {
                    self.pattern(span.clone(), &text);
                }
                DeValue::String(text)
            }
            (Shape::Text, other) => {
                let help = match other {
                    DeValue::Array(_) => format!("write one text without brackets: {name} is no list"),
                    DeValue::Table(_) => format!("write {name} = \"...\""),
                    _ => format!("put quotes around it: {name} is a text"),
                };
                self.wrong(span, name, "a text in quotes", help);
                return None;
            }
            (shape, DeValue::Array(list)) => DeValue::Array(self.list(name, &shape, &list)),
            (_, other) => {
                let help = match other {
                    DeValue::String(_) => format!("put brackets around it: {name} is a list"),
                    _ => format!("write {name} = [\"...\"]"),
                };
                self.wrong(span, name, "a list of texts", help);
                return None;
            }
        };
        let place = self.place(span.start);
        self.places.insert(name.to_owned(), place);
        Some(Spanned::new(span, value))
    }

    /// A list whose entries can all be used.
    fn list(&mut self, name: &str, shape: &Shape, list: &DeArray<'a>) -> DeArray<'a> {
        let mut usable = DeArray::new();
        for (index, entry) in list.iter().enumerate() {
            let field = format!("{name}[{index}]");
            match (entry.get_ref(), shape) {
                (DeValue::String(text), Shape::Names(names)) if !names.iter().any(|name| name == text) => {
                    let known: Vec<_> = names.iter().map(String::as_str).collect();
                    let help = match suggestion::nearest(text, &known) {
                        Some(near) => format!("did you mean {near}?"),
                        None => "leave it out, or write one of these".to_owned(),
                    };
                    self.wrong(entry.span(), &field, &format!("one of {}", known.join(", ")), help);
                }
                (DeValue::String(_), _) => {
                    let place = self.place(entry.span().start);
                    self.places.insert(field, place);
                    usable.push(entry.clone());
                }
                _ => {
                    let help = format!("put quotes around it: {name} is a list of texts");
                    self.wrong(entry.span(), &field, "a text in quotes", help);
                    // Keeps the numbers of the others. Nothing is done with a manifest that has problems but to look
                    // for more of them.
                    if let Shape::Texts = shape {
                        usable.push(Spanned::new(entry.span(), DeValue::String("0".into())));
                    }
                }
            }
        }
        usable
    }

    fn pattern(&mut self, span: Range<usize>, pattern: &str) {
        for mistake in key_pattern::mistakes(pattern) {
            // A text with escapes may write it otherwise; then the place is that of the text.
            let source = self.text.get(span.clone()).unwrap_or_default();
            let at = span.start + source.find(&mistake.part).unwrap_or_default();
            self.problem(at, "object_key", "a key with known placeholders", &mistake.part, mistake.help);
        }
    }

    /// Reports a key that there is none of, and answers the one that was meant.
    fn unknown(&mut self, at: usize, name: &str, value: &DeValue<'_>) -> Option<&'static str> {
        const VERSION: &str = "version";
        let other = OTHER_NAMES.iter().find(|(other, _)| *other == name.replace('-', "_")).map(|(_, key)| *key);
        // What nobody can put into a manifest may be meant all the same.
        let names: Vec<&'static str> = KEYS.into_iter().chain([VERSION]).collect();
        let meant = other.or_else(|| suggestion::nearest(name, &names));
        let help = match meant {
            Some(VERSION) => {
                let meant = if name == VERSION { "" } else { "did you mean version? " };
                format!("{meant}give it with --version: it changes with every release")
            }
            Some(near) => format!("did you mean {near}?"),
            None if value.is_table() => "write its keys at the top of the file: a manifest has no sections".to_owned(),
            None => format!("remove it; the keys are {}", KEYS.join(", ")),
        };
        self.problem(at, name, "a known key", "", help);
        meant.filter(|meant| *meant != VERSION)
    }

    /// A value of the wrong kind; it is shown as it stands in the file.
    fn wrong(&mut self, span: Range<usize>, field: &str, rule: &str, help: impl Into<String>) {
        let found = shown(self.text.get(span.clone()).unwrap_or_default());
        self.problem(span.start, field, rule, found, help);
    }

    fn problem(&mut self, at: usize, field: &str, rule: &str, value: &str, help: impl Into<String>) {
        let (field, rule, value, help) = (field.to_owned(), rule.to_owned(), value.to_owned(), help.into());
        self.problems.push((at, Problem { field, origin: None, rule, value, help, at: Some(self.place(at)) }));
    }

    fn place(&self, at: usize) -> Place {
        Place::of(self.file, self.text, at)
    }
}
