//! The OpenAPI document beside the models of the official Python SDK: what each side has that the other lacks.
//!
//! Both become [`Places`]: `tests/interop/models.py` prints those of the SDK, and `document` makes those of the document.
//! [`compare`] finds the differences. `openapi/drift.toml` holds the ones that are settled, with their reasons
//! (`settled`); any other is a failure, and so is an entry there that settles nothing any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use self::settled::Settled;
use crate::python::Python;
use crate::{Failure, cargo};

mod document;
mod settled;
#[cfg(test)]
mod tests;

const SETTLED: &str = "openapi/drift.toml";

/// What is said about each place, such as `list_ota_packages query limit`: facts by name, as in OpenAPI.
type Places = BTreeMap<String, BTreeMap<String, Value>>;

/// One of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Document,
    Sdk,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Document => "document",
            Side::Sdk => "sdk",
        })
    }
}

/// Something that one side says and the other does not.
#[derive(Debug, PartialEq)]
struct Difference {
    /// The side that says it.
    only: Side,
    place: String,
    /// Such as `maxLength 36`, or nothing when the whole place is missing on the other side.
    fact: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "only in the {}: {}", self.only, self.place)?;
        match &self.fact {
            Some(fact) => write!(f, ": {fact}"),
            None => Ok(()),
        }
    }
}

/// Compares the document below `root` with the installed SDK. False means that there is a difference nobody settled.
pub(crate) fn run(root: &Path, out: &mut dyn Write) -> Result<bool, Failure> {
    let folder = cargo::target_folder(root)?.join("interop");
    let python = Python::ready(root, "interop", &folder, out)?;
    let document = document::places(&crate::document::read(root)?);
    let sdk = sdk_places(root, &python)?;
    let settled = settled::read(&fs::read_to_string(root.join(SETTLED))?)?;
    report(&compare(&document, &sdk), &settled, out)
}

/// What the models of the installed SDK say.
fn sdk_places(root: &Path, python: &Python) -> Result<Places, Failure> {
    let mut models = Command::new(python.program("python"));
    models.arg("-B").arg(root.join("tests/interop/models.py")).stderr(Stdio::inherit()).env("PYTHONUTF8", "1");
    let output = models.output()?;
    if !output.status.success() {
        return Err(format!("tests/interop/models.py ended with {}", output.status).into());
    }
    let operations: BTreeMap<String, Places> = serde_json::from_slice(&output.stdout)?;
    let places = operations.into_iter().flat_map(|(operation, places)| {
        places.into_iter().map(move |(place, facts)| (format!("{operation} {place}").trim_end().to_owned(), facts))
    });
    Ok(places.collect())
}

/// Every difference, by place.
fn compare(document: &Places, sdk: &Places) -> Vec<Difference> {
    let mut differences = Vec::new();
    let places: BTreeSet<_> = document.keys().chain(sdk.keys()).collect();
    for place in places {
        let mut add = |only, fact| differences.push(Difference { only, place: place.clone(), fact });
        match (document.get(place), sdk.get(place)) {
            (Some(ours), Some(theirs)) => {
                one_sided(ours, theirs).for_each(|fact| add(Side::Document, Some(fact)));
                one_sided(theirs, ours).for_each(|fact| add(Side::Sdk, Some(fact)));
            }
            (Some(_), None) => add(Side::Document, None),
            (None, _) => add(Side::Sdk, None),
        }
    }
    differences
}

/// The facts that the other side lacks or tells otherwise.
fn one_sided(facts: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> impl Iterator<Item = String> {
    facts.iter().filter(|(name, value)| other.get(*name) != Some(value)).map(|(name, value)| match value {
        Value::String(text) => format!("{name} {text}"),
        value => format!("{name} {value}"),
    })
}

/// Prints the settled differences with their reasons, then what is new or settled in vain.
fn report(differences: &[Difference], settled: &[Settled], out: &mut dyn Write) -> Result<bool, Failure> {
    let mut clean = true;
    let mut reason = "";
    for entry in settled {
        let covered: Vec<_> = differences.iter().filter(|difference| entry.covers(difference)).collect();
        if covered.is_empty() {
            clean = false;
            writeln!(out, "settles nothing any more, remove it from {SETTLED}: {entry}")?;
            continue;
        }
        // Entries that come from a list of places have it in common.
        if reason != entry.reason {
            reason = &entry.reason;
            writeln!(out, "settled: {reason}")?;
        }
        for difference in covered {
            writeln!(out, "    {difference}")?;
        }
    }
    for difference in differences.iter().filter(|difference| !settled.iter().any(|entry| entry.covers(difference))) {
        clean = false;
        writeln!(out, "new: {difference}")?;
    }
    if !clean {
        writeln!(out, "\nCorrect openapi/iotda-ota.yaml, or settle the difference with a reason in {SETTLED}.")?;
    }
    Ok(clean)
}
