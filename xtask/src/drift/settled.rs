//! The differences that are settled: a TOML file of entries, each with a reason.

use std::fmt;

use toml::Value;

use super::{Difference, Side};
use crate::Failure;

/// One entry: the differences it covers, and why they are right.
#[derive(Debug, PartialEq)]
pub(super) struct Settled {
    only: Side,
    /// A place; `*` stands for anything.
    place: String,
    /// A fact, likewise; none covers places that are missing as a whole.
    fact: Option<String>,
    pub(super) reason: String,
}

impl Settled {
    /// Whether a difference is one of these.
    pub(super) fn covers(&self, difference: &Difference) -> bool {
        let fact = match (&self.fact, &difference.fact) {
            (Some(pattern), Some(fact)) => matches(pattern, fact),
            (pattern, fact) => pattern.is_none() && fact.is_none(),
        };
        fact && self.only == difference.only && matches(&self.place, &difference.place)
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "only = {}, place = {:?}, fact = {:?}",
            self.only,
            self.place,
            self.fact.as_deref().unwrap_or_default()
        )
    }
}

/// Reads the entries, which are tables `settled` of texts. One with a list of places becomes one for each of them.
pub(super) fn read(text: &str) -> Result<Vec<Settled>, Failure> {
    let file: toml::Table = toml::from_str(text)?;
    let entries = file.get("settled").and_then(Value::as_array).ok_or("there is no table [[settled]]")?;
    let entries: Vec<_> = entries.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(entries.into_iter().flatten().collect())
}

fn entry(value: &Value) -> Result<Vec<Settled>, Failure> {
    let table = value.as_table().ok_or("an entry is a table")?;
    if let Some(name) = table.keys().find(|name| !["only", "place", "fact", "reason"].contains(&name.as_str())) {
        return Err(format!("an entry has no {name:?}; there are only, place, fact and reason").into());
    }
    let text = |name: &str| table.get(name).and_then(Value::as_str).map(str::to_owned);
    let needed = |name: &str| text(name).ok_or_else(|| format!("{table:?}: `{name}` is missing"));
    let only = match needed("only")?.as_str() {
        "document" => Side::Document,
        "sdk" => Side::Sdk,
        other => return Err(format!("`only` is document or sdk, not {other:?}").into()),
    };
    let places = match table.get("place").and_then(Value::as_array) {
        Some(places) => places.iter().map(|place| Ok(place.as_str().ok_or("a place is a text")?.to_owned())).collect(),
        None => needed("place").map(|place| vec![place]),
    };
    let (fact, reason) = (text("fact"), needed("reason")?);
    Ok(places?.into_iter().map(|place| Settled { only, place, fact: fact.clone(), reason: reason.clone() }).collect())
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| matches(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("a", "a"), ("*", ""), ("a*", "ab"), ("*b", "aab"), ("a*c*", "abcd"), ("*升*", "升级包")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", "ab"), ("a*", "b"), ("*b", "ba"), ("a*c", "abcd")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn an_entry_without_a_reason_or_with_another_key_is_refused() {
        for text in [
            "",
            "[[settled]]\nonly = \"sdk\"\nplace = \"a\"",
            "[[settled]]\nonly = \"sdk\"\nplace = [1]\nreason = \"b\"",
            "[[settled]]\nonly = \"both\"\nplace = \"a\"\nreason = \"b\"",
            "[[settled]]\nonly = \"sdk\"\nplace = \"a\"\nreason = \"b\"\nfacts = \"c\"",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
