//! The report: tables for people, JSON for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::figures::Section;
use crate::Failure;

/// One benchmark as a table.
pub(super) fn markdown_section(section: &Section) -> String {
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
        // Writing into a text cannot fail.
        let _ = writeln!(text, "| {} | {} | {beside} | {ratio} | {goal} |", row.what, row.ours);
    }
    for note in &section.notes {
        let _ = write!(text, "\n{note}\n");
    }
    text
}

/// Everything, for programs.
pub(super) fn json(quick: bool, sections: &[Section]) -> Value {
    let sections: Vec<Value> = sections
        .iter()
        .map(|section| {
            json!({
                "name": section.name,
                "about": section.about,
                "rows": section.rows.iter().map(super::figures::Row::json).collect::<Vec<_>>(),
                "notes": section.notes,
            })
        })
        .collect();
    json!({ "machine": machine(), "quick": quick, "sections": sections })
}

/// Writes both forms into `target/bench`.
pub(super) fn write(root: &Path, quick: bool, sections: &[Section]) -> Result<(), Failure> {
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut text = format!("# Benchmarks\n\n{}\n", machine());
    if quick {
        text.push_str("\nA quick run: it shows that everything works; its figures are not to be believed.\n");
    }
    for section in sections {
        let _ = write!(text, "\n{}", markdown_section(section));
    }
    fs::write(folder.join("report.md"), text)?;
    fs::write(folder.join("report.json"), format!("{:#}\n", json(quick, sections)))?;
    Ok(())
}

/// What the figures were made on, and when.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("model name"))?.to_owned();
            Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    let date = said("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
    let rustc = said("rustc", &["--version"]).unwrap_or_default();
    format!("{date}, {processor}, {cores} cores, {}, {rustc}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Goal, Row, Unit};
    use super::*;

    #[test]
    fn a_table_shows_both_sides_the_ratio_and_whether_the_goal_is_met() {
        let mut section = Section::new("call", "About.");
        let row = Row::beside("create", Unit::PerSecond, &[90.0], "bare", &[100.0]).goal(Goal::AtLeast(0.95));
        section.rows.push(row);
        section.notes.push("A note.".to_owned());
        let text = markdown_section(&section);
        assert!(text.contains("| create | 90 /s | bare: 100 /s | 0.90 | ≥ 0.95: **missed** |"), "{text}");
        assert!(text.ends_with("A note.\n"));
        assert_eq!(json(true, &[section])["sections"][0]["rows"][0]["met"], false);
    }
}
