//! Requests that a machine derives from the OpenAPI document, valid and invalid ones, against the emulator.
//!
//! The generator is Schemathesis, with all of its checks. Its settings are `tests/contract/schemathesis.toml`, and what it
//! has to know beyond the document is in `hooks.py` there, which also counts the answers. The emulator runs without the check that the object exists
//! and without quotas, of which the document cannot know.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;

use crate::emulator::Emulator;
use crate::python::Python;
use crate::{Failure, cargo, document};

/// Fewest cases of each operation, in a run for every change and in a full one.
const SHORT: u64 = 200;
const FULL: u64 = 2000;

/// How often each status was the answer, by operation.
type Answers = BTreeMap<String, BTreeMap<u16, u64>>;

/// Runs the generator on an emulator of its own. False means that it found a fault, or had too few cases.
pub(crate) fn run(root: &Path, full: bool, seed: u64, out: &mut dyn Write) -> Result<bool, Failure> {
    let folder = cargo::target_folder(root)?.join("contract");
    let python = Python::ready(root, "contract", &folder, out)?;
    let emulator = Emulator::start(&cargo::build_command(root)?, &["--no-object-check"], &folder)?;
    let cases = if full { FULL } else { SHORT };
    let answers = folder.join("answers.json");

    let mut generator = emulator.client(&python.program("st"));
    generator.arg("--config-file").arg(root.join("tests/contract/schemathesis.toml"));
    generator.arg("run").arg(root.join("openapi/iotda-ota.yaml")).arg("--no-color");
    generator.args(["--url", emulator.variable("IOTDA_OTA_ENDPOINT")?]);
    generator.args(["--header", &format!("X-Auth-Token: {}", emulator.variable("IOTDA_OTA_TOKEN")?)]);
    generator.args(["--max-examples", &cases.to_string(), "--seed", &seed.to_string()]);
    generator.env("PYTHONPATH", root.join("tests/contract"));
    generator.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").env("CONTRACT_ANSWERS", &answers);
    // It keeps what it learned in its working folder. Every run has a new one and begins anew.
    generator.current_dir(emulator.home());

    writeln!(out, "at least {cases} cases of each operation, seed {seed}")?;
    let output = generator.output()?;
    match output.status.code() {
        Some(0) => {
            let answers = serde_json::from_str(&fs::read_to_string(answers)?)?;
            report(&operations(&document::read(root)?), &answers, cases, out)
        }
        Some(1) => {
            out.write_all(&output.stdout)?;
            Ok(false)
        }
        _ => {
            out.write_all(&output.stdout)?;
            let words = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(format!("the generator ended with {}: {}", output.status, words.trim()).into())
        }
    }
}

/// The ids of the document's operations.
fn operations(document: &Value) -> Vec<&str> {
    fn members(value: &Value) -> impl Iterator<Item = &Value> {
        value.as_object().into_iter().flat_map(|object| object.values())
    }
    members(&document["paths"]).flat_map(members).filter_map(|operation| operation["operationId"].as_str()).collect()
}

/// Prints a line for each operation, and says whether each had enough cases.
fn report(operations: &[&str], answers: &Answers, least: u64, out: &mut dyn Write) -> Result<bool, Failure> {
    let mut enough = true;
    for &operation in operations {
        let statuses = answers.get(operation).cloned().unwrap_or_default();
        let cases: u64 = statuses.values().sum();
        let counts: Vec<_> = statuses.iter().map(|(status, count)| format!("{status} × {count}")).collect();
        writeln!(out, "{operation:<20} {cases:>5} cases: {}", counts.join(", "))?;
        if cases < least {
            enough = false;
            writeln!(out, "{operation}: fewer cases than {least}")?;
        }
    }
    if enough {
        writeln!(out, "no answer that the document does not describe")?;
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: [&str; 2] = ["delete_ota_package", "show_ota_package"];

    fn reported(answers: &Answers, least: u64) -> (bool, String) {
        let mut out = Vec::new();
        let enough = report(&OPERATIONS, answers, least, &mut out).unwrap();
        (enough, String::from_utf8(out).unwrap())
    }

    #[test]
    fn counts_answers_by_operation_and_status() {
        let statuses = BTreeMap::from([(200, 3), (404, 4)]);
        let answers = OPERATIONS.map(|operation| (operation.to_owned(), statuses.clone())).into();
        let (enough, text) = reported(&answers, 7);
        assert!(enough);
        assert!(text.contains("show_ota_package         7 cases: 200 × 3, 404 × 4\n"), "{text}");
        assert!(!reported(&answers, 8).0);
    }

    #[test]
    fn every_operation_of_the_document_has_to_be_called() {
        let document = document::read(&crate::root()).unwrap();
        let expected = ["create_ota_package", "delete_ota_package", "list_ota_packages", "show_ota_package"];
        let mut found = operations(&document);
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn an_operation_that_was_never_called_fails() {
        let (enough, text) = reported(&Answers::new(), 1);
        assert!(!enough && text.contains("delete_ota_package: fewer cases than 1"), "{text}");
    }
}
