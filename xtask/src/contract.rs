//! Requests that a machine derives from the OpenAPI document, valid and invalid ones, against the emulator.
//!
//! The generator is Schemathesis, with all of its checks. Its settings are `tests/contract/schemathesis.toml`, and what it
//! has to know beyond the document is in `hooks.py` there, which also counts the answers. The emulator runs without the
//! check that the object exists and without quotas, of which the document cannot know.
//!
//! The generator leaves out what it has sent already, and how much that is depends on the seed. So operations that had too
//! few cases get more, with further seeds.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::emulator::Emulator;
use crate::python::Python;
use crate::{Failure, cargo, document};

/// Fewest cases of each operation, in a quick run and in a full one.
const QUICK: u64 = 200;
const FULL: u64 = 2000;

/// How often the generator runs at most.
const MOST_RUNS: u64 = 10;

/// How often each status was the answer, by operation.
type Counts = BTreeMap<String, BTreeMap<u16, u64>>;

/// The answers that `hooks.py` counts.
#[derive(Default)]
struct Answers {
    all: Counts,
    /// Those in sequences of requests that follow the links of the document.
    linked: Counts,
}

/// Runs the generator on an emulator of its own. False means that it found a fault, or had too few cases.
pub(crate) fn run(root: &Path, quick: bool, seed: u64, out: &mut dyn Write) -> Result<bool, Failure> {
    let folder = cargo::target_folder(root)?.join("contract");
    let python = Python::ready(root, "contract", &folder, out)?;
    let command = cargo::build_command(root, &cargo::CHECK_ANSWERS)?;
    let emulator = Emulator::start(&command, &["--no-object-check"], &folder)?;
    let cases = if quick { QUICK } else { FULL };
    let document = document::read(root)?;
    let operations = operations(&document);
    let counted = folder.join("answers.json");
    let generator = Generator { root, python: &python, emulator: &emulator, cases, counted: &counted };

    writeln!(out, "at least {cases} cases of each operation, seed {seed}")?;
    let mut answers = Answers::default();
    for run in 0..MOST_RUNS {
        let lacking = lacking(&operations, &answers.all, cases);
        if lacking.is_empty() {
            break;
        }
        let output = generator.run(seed.wrapping_add(run), (run > 0).then_some(&lacking))?;
        match output.status.code() {
            Some(0) => answers.add(&serde_json::from_str(&fs::read_to_string(&counted)?)?)?,
            Some(1) => {
                out.write_all(&output.stdout)?;
                return Ok(false);
            }
            _ => {
                out.write_all(&output.stdout)?;
                let words = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(format!("the generator ended with {}: {}", output.status, words.trim()).into());
            }
        }
    }
    emulator.stop()?;
    report(&operations, &answers, cases, out)
}

/// What every run of the generator has in common.
struct Generator<'a> {
    root: &'a Path,
    python: &'a Python,
    emulator: &'a Emulator,
    /// How many cases it is asked for, for each operation.
    cases: u64,
    /// Where the hooks write what they have counted.
    counted: &'a PathBuf,
}

impl Generator<'_> {
    /// Runs it for all operations and in all phases, or gives some of them more cases.
    fn run(&self, seed: u64, more: Option<&Vec<&str>>) -> Result<Output, Failure> {
        let Self { root, emulator, .. } = self;
        forget(self.counted)?;
        let mut generator = emulator.client(&self.python.program("st"));
        generator.arg("--config-file").arg(root.join("tests/contract/schemathesis.toml"));
        generator.arg("run").arg(root.join("openapi/iotda-ota.yaml")).arg("--no-color");
        generator.args(["--url", emulator.variable("IOTDA_OTA_ENDPOINT")?]);
        generator.args(["--header", &format!("X-Auth-Token: {}", emulator.variable("IOTDA_OTA_TOKEN")?)]);
        generator.args(["--max-examples", &self.cases.to_string(), "--seed", &seed.to_string()]);
        if let Some(operations) = more {
            generator.args(["--phases", "fuzzing"]);
            generator.args(operations.iter().flat_map(|operation| ["--include-operation-id", operation]));
        }
        generator.env("PYTHONPATH", root.join("tests/contract"));
        generator.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").env("CONTRACT_ANSWERS", self.counted);
        // It keeps what it learned in its working folder. Every emulator has a new one.
        generator.current_dir(emulator.home());
        Ok(generator.output()?)
    }
}

/// Removes what a former run counted, which is there still if the next one does not get so far as to count.
fn forget(counted: &Path) -> Result<(), Failure> {
    match fs::remove_file(counted) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

impl Answers {
    /// Adds what the hooks counted in one run.
    fn add(&mut self, counted: &BTreeMap<String, Counts>) -> Result<(), Failure> {
        for (name, sum) in [("all", &mut self.all), ("linked", &mut self.linked)] {
            let counts = counted.get(name).ok_or_else(|| format!("hooks.py counted nothing as {name:?}"))?;
            for (operation, statuses) in counts {
                for (status, count) in statuses {
                    *sum.entry(operation.clone()).or_default().entry(*status).or_default() += count;
                }
            }
        }
        Ok(())
    }
}

/// The ids of the document's operations.
fn operations(document: &Value) -> Vec<&str> {
    fn members(value: &Value) -> impl Iterator<Item = &Value> {
        value.as_object().into_iter().flat_map(|object| object.values())
    }
    members(&document["paths"]).flat_map(members).filter_map(|operation| operation["operationId"].as_str()).collect()
}

/// The operations that had fewer cases than these.
fn lacking<'a>(operations: &[&'a str], counts: &Counts, least: u64) -> Vec<&'a str> {
    let cases = |operation: &str| counts.get(operation).map_or(0, |statuses| statuses.values().sum());
    operations.iter().copied().filter(|operation| cases(operation) < least).collect()
}

/// Prints a line for each operation, and says whether each had enough cases and links were followed.
fn report(operations: &[&str], answers: &Answers, least: u64, out: &mut dyn Write) -> Result<bool, Failure> {
    for (counts, what) in [(&answers.all, "cases"), (&answers.linked, "in sequences along links")] {
        for &operation in operations {
            let statuses = counts.get(operation).cloned().unwrap_or_default();
            let cases: u64 = statuses.values().sum();
            let each: Vec<_> = statuses.iter().map(|(status, count)| format!("{status} × {count}")).collect();
            writeln!(out, "{operation:<20} {cases:>5} {what}: {}", each.join(", "))?;
        }
    }
    let lacking = lacking(operations, &answers.all, least);
    for operation in &lacking {
        writeln!(out, "{operation}: fewer cases than {least}")?;
    }
    let unlinked = answers.linked.is_empty();
    if unlinked {
        writeln!(out, "no link of the document was followed")?;
    }
    let enough = lacking.is_empty() && !unlinked;
    if enough {
        writeln!(out, "no answer that the document does not describe")?;
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: [&str; 2] = ["delete_ota_package", "show_ota_package"];

    /// So many answers to each operation.
    fn counts(statuses: &[(u16, u64)]) -> Counts {
        OPERATIONS.map(|operation| (operation.to_owned(), statuses.iter().copied().collect())).into()
    }

    fn reported(all: Counts, linked: Counts, least: u64) -> (bool, String) {
        let mut out = Vec::new();
        let enough = report(&OPERATIONS, &Answers { all, linked }, least, &mut out).unwrap();
        (enough, String::from_utf8(out).unwrap())
    }

    #[test]
    fn counts_answers_by_operation_and_status() {
        let reported = |least| reported(counts(&[(200, 3), (404, 4)]), counts(&[(200, 1)]), least);
        let (enough, text) = reported(7);
        assert!(enough);
        assert!(text.contains("show_ota_package         7 cases: 200 × 3, 404 × 4\n"), "{text}");
        assert!(text.contains("show_ota_package         1 in sequences along links: 200 × 1\n"), "{text}");
        assert!(!reported(8).0);
    }

    #[test]
    fn runs_add_up() {
        let mut answers = Answers::default();
        let counted = BTreeMap::from([("all".to_owned(), counts(&[(200, 3)])), ("linked".to_owned(), Counts::new())]);
        answers.add(&counted).unwrap();
        assert_eq!(lacking(&OPERATIONS, &answers.all, 4), OPERATIONS);
        answers.add(&counted).unwrap();
        assert_eq!(answers.all, counts(&[(200, 6)]));
        assert_eq!(lacking(&OPERATIONS, &answers.all, 4), Vec::<&str>::new());
        assert!(answers.add(&BTreeMap::new()).is_err());
    }

    #[test]
    fn what_a_former_run_counted_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let counted = folder.path().join("answers.json");
        fs::write(&counted, "{}").unwrap();
        forget(&counted).unwrap();
        assert!(!counted.exists());
        forget(&counted).unwrap();
        assert!(forget(folder.path()).is_err(), "a folder is no such file");
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
    fn operations_that_were_never_called_and_links_that_were_never_followed_fail() {
        let (enough, text) = reported(Counts::new(), counts(&[(200, 1)]), 1);
        assert!(!enough && text.contains("delete_ota_package: fewer cases than 1"), "{text}");
        let (enough, text) = reported(counts(&[(200, 1)]), Counts::new(), 1);
        assert!(!enough && text.contains("no link of the document was followed"), "{text}");
    }
}
