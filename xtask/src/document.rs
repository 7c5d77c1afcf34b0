//! Checks on the OpenAPI document: what the generator cannot take, what makes a client brittle, and what a reader
//! would miss.
//!
//! [`run`] is the command, [`lint`] finds everything at once. The rules live in four parts: `operations` (ids, tags,
//! parameters, bodies, statuses, examples), `links` (from one operation to the next), `schemas` (strict requests,
//! tolerant responses, descriptions) and `references` (nothing dangles, nothing is unused). Whether the examples match the schemas is not checked here: a
//! suite of the `tests` package does.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;

use openapiv3::OpenAPI;
use serde_json::Value;

use crate::Failure;
use place::Place;

mod links;
mod operations;
mod place;
mod references;
mod schemas;
#[cfg(test)]
mod tests;

const DOCUMENT: &str = "openapi/iotda-ota.yaml";
const VERSION: &str = "3.0.3";

/// One broken rule: where in the document, as a JSON pointer, and what is wrong.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    place: String,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Checks the document below `root` and prints one finding per line. False means that there was one.
pub(crate) fn run(root: &Path, out: &mut dyn Write) -> Result<bool, Failure> {
    let findings = lint(&read(root)?);
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    Ok(findings.is_empty())
}

/// The document below `root` as JSON.
pub(crate) fn read(root: &Path) -> Result<Value, Failure> {
    Ok(serde_saphyr::from_str(&fs::read_to_string(root.join(DOCUMENT))?)?)
}

/// Every broken rule of the document.
pub(crate) fn lint(document: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let root = Place::root(document);
    if document.get("openapi").and_then(Value::as_str) != Some(VERSION) {
        root.report(&mut findings, format!("`openapi` is not {VERSION}, which the generator needs"));
    }
    if let Err(error) = serde_json::from_value::<OpenAPI>(document.clone()) {
        root.report(&mut findings, format!("not an OpenAPI document: {error}"));
    }
    references::check(&root, &mut findings);
    operations::check(&root, &mut findings);
    links::check(&root, &mut findings);
    schemas::check(&root, &mut findings);
    findings
}
