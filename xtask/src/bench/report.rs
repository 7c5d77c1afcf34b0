//! The report: tables for people, JSON for programs.
//!
//! Each benchmark's last run is kept in a folder, and the report is put together from all that are there. So one that is
//! made again alone replaces itself and nothing else; how each was made stands above it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::Name;
use super::figures::Section;
use super::made::Made;
use crate::Failure;

/// Said of a quick run.
const QUICK: &str = "A quick run: it shows that everything works; its figures are not to be believed.";

/// Where a report is kept. A quick run has one of its own.
pub(super) struct Report {
    folder: PathBuf,
    quick: bool,
}

impl Report {
    pub(super) fn open(root: &Path, quick: bool) -> Self {
        Self { folder: root.join("target/bench"), quick }
    }

    /// What is said before the tables of this run.
    pub(super) fn head(&self, made: &Made) -> String {
        if self.quick { format!("{}\n\n{QUICK}\n", made.line()) } else { format!("{}\n", made.line()) }
    }

    /// Keeps a section in place of its last one, and writes both forms of the report anew.
    pub(super) fn put(&self, made: &Made, section: &Section) -> Result<(), Failure> {
        let kept = self.folder.join(if self.quick { "sections-quick" } else { "sections" });
        fs::create_dir_all(&kept)?;
        let mut value = section.json();
        value["made"] = made.json().clone();
        value["markdown"] = markdown(section).into();
        fs::write(kept.join(format!("{}.json", section.name)), value.to_string())?;

        let mut sections = Vec::new();
        for name in Name::value_variants() {
            let name = name.to_possible_value().ok_or("a benchmark without a name")?;
            if let Ok(text) = fs::read_to_string(kept.join(format!("{}.json", name.get_name()))) {
                sections.push(serde_json::from_str(&text)?);
            }
        }
        let name = if self.quick { "report-quick" } else { "report" };
        fs::write(self.folder.join(format!("{name}.md")), together(self.quick, &sections))?;
        for section in &mut sections {
            section.as_object_mut().map(|section| section.remove("markdown"));
        }
        let json = json!({ "quick": self.quick, "sections": sections });
        fs::write(self.folder.join(format!("{name}.json")), format!("{json:#}\n"))?;
        Ok(())
    }

    /// The sections of this run, for programs.
    pub(super) fn json(&self, made: &Made, sections: &[Section]) -> Value {
        let sections: Vec<Value> = sections.iter().map(Section::json).collect();
        json!({ "quick": self.quick, "made": made.json(), "sections": sections })
    }
}

/// All sections; how they were made is said once for those that follow each other and were made together.
fn together(quick: bool, sections: &[Value]) -> String {
    let mut text = "# Benchmarks\n".to_owned();
    if quick {
        // Writing into a text cannot fail.
        let _ = write!(text, "\n{QUICK}\n");
    }
    let mut last = None;
    for section in sections {
        let made = section["made"]["line"].as_str().unwrap_or_default();
        if last != Some(made) {
            let _ = write!(text, "\n{made}\n");
            last = Some(made);
        }
        let _ = write!(text, "\n{}", section["markdown"].as_str().unwrap_or_default());
    }
    text
}

/// One benchmark as a table.
pub(super) fn markdown(section: &Section) -> String {
    let mut text = format!("## {}\n\n{}\n\n", section.name, section.about);
    text.push_str("| what | ours | beside it | ratio | goal |\n|---|---|---|---|---|\n");
    for row in &section.rows {
        let beside = row.beside.as_ref().map(|(name, figure)| format!("{name}: {figure}")).unwrap_or_default();
        let ratio = row.ratio.map(|ratio| ratio.to_string()).unwrap_or_default();
        let goal = match (row.goal_shown(), row.is_met()) {
            (Some(goal), Some(true)) => format!("{goal}: met"),
            (Some(goal), _) => format!("{goal}: **missed**"),
            (None, _) => String::new(),
        };
        let _ = writeln!(text, "| {} | {} | {beside} | {ratio} | {goal} |", row.what, row.ours);
    }
    for (missing, goal) in &section.unmeasured {
        let (peer, goal) = (missing.peer.as_deref().unwrap_or_default(), missing.goal_shown(*goal));
        let _ = writeln!(text, "| {} | | {peer} | | {goal}: **not measured** |", missing.what);
    }
    for note in &section.notes {
        let _ = write!(text, "\n{note}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Goal, Row, Unit};
    use super::*;

    fn section(name: &'static str, ours: f64) -> Section {
        let mut section = Section::new(name, "About.");
        let row = Row::beside("create", Unit::PerSecond, &Some(vec![ours]), "bare", &Some(vec![100.0]));
        section.judge(row, Goal::AtLeast(0.95));
        section.notes.push("A note.".to_owned());
        section
    }

    #[test]
    fn a_table_shows_both_sides_the_ratio_and_whether_the_goal_is_met() {
        let mut section = section("call", 90.0);
        section.judge(Row::beside("list", Unit::PerSecond, &Some(vec![1.0]), "SDK", &None), Goal::AtLeast(8.0));
        let text = markdown(&section);
        assert!(text.contains("| create | 90 /s | bare: 100 /s | 0.90 | ≥ 0.95: **missed** |"), "{text}");
        assert!(text.contains("| list | | SDK | | ≥ 8.00: **not measured** |\n\nA note."), "{text}");
        assert!(text.ends_with("A note.\n"));
    }

    #[test]
    fn a_benchmark_that_is_made_again_replaces_itself_alone_and_says_how_it_was_made() {
        let root = tempfile::tempdir().unwrap();
        let report = Report::open(root.path(), false);
        let read = |name: &str| fs::read_to_string(root.path().join("target/bench").join(name)).unwrap();
        let first = Made::now(root.path(), "cargo xtask bench", &[]);
        report.put(&first, &section("start", 90.0)).unwrap();
        report.put(&first, &section("call", 90.0)).unwrap();
        assert_eq!(read("report.md").matches("Made on").count(), 1);

        let second = Made::now(root.path(), "cargo xtask bench call", &[]);
        report.put(&second, &section("call", 97.0)).unwrap();
        let text = read("report.md");
        let places: Vec<_> = ["bench call`", "## call", "0.97", "bench`", "## start", "0.90"]
            .iter()
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}")))
            .collect();
        assert!(places.is_sorted(), "{text}");
        let json: Value = serde_json::from_str(&read("report.json")).unwrap();
        assert_eq!(json["sections"][0]["rows"][0]["goal"]["at_least"], 0.95);
        assert_eq!(json["sections"][1]["made"]["command"], "cargo xtask bench");

        // A quick run leaves the report alone.
        Report::open(root.path(), true).put(&second, &section("call", 1.0)).unwrap();
        assert_eq!(read("report.md"), text);
        assert!(read("report-quick.md").contains(QUICK));
    }
}
