//! Checks on the tree: what a compiler does not look at but the house keeps to.
//!
//! [`run`] prints one line per finding. The same findings fail a unit test, so `cargo test` sees them too.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::Value;

use crate::Failure;

/// What is visible at the top, besides hidden configuration.
const TOP: [&str; 9] =
    ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "crates", "openapi", "tests", "xtask"];

/// Which of our crates a crate may depend on; the reasons are in crates/README.md.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("huaweicloud-signing", &[]),
    ("iotda-ota", &["huaweicloud-signing", "iotda-ota-client"]),
    ("iotda-ota-bench", &["huaweicloud-signing", "iotda-ota"]),
    ("iotda-ota-cli", &["iotda-ota", "iotda-ota-emulator"]),
    ("iotda-ota-client", &[]),
    ("iotda-ota-emulator", &["huaweicloud-signing"]),
    ("iotda-ota-fuzz", &["huaweicloud-signing", "iotda-ota", "iotda-ota-emulator"]),
    ("iotda-ota-tests", &["iotda-ota", "iotda-ota-client", "iotda-ota-emulator"]),
    ("xtask", &[]),
];

/// More lines than this and a written file no longer holds one idea.
const LONGEST: usize = 450;

/// Checks the tree below `root`; false means that something was found.
pub(crate) fn run(root: &Path, out: &mut dyn Write) -> Result<bool, Failure> {
    let findings = findings(root)?;
    for finding in &findings {
        writeln!(out, "{finding}")?;
    }
    Ok(findings.is_empty())
}

fn findings(root: &Path) -> Result<Vec<String>, Failure> {
    let files = tracked_files(root)?;
    let mut findings = Vec::new();
    top_level(&files, &mut findings);
    for file in &files {
        let name = file.to_string_lossy().replace('\\', "/");
        let path = root.join(file);
        if name.ends_with("Cargo.toml") && name != "Cargo.toml" {
            manifest(&name, &fs::read_to_string(&path)?, &mut findings)?;
        } else if name.ends_with(".rs") && !name.contains("/generated/") {
            source(&name, &fs::read_to_string(&path)?, &mut findings);
        }
    }
    Ok(findings)
}

/// The files git knows or would add; a checkout without git has nothing to check against.
fn tracked_files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    let names = String::from_utf8(output.stdout)?;
    // A file that is deleted but not yet committed is still listed.
    Ok(names.split_terminator('\0').map(PathBuf::from).filter(|file| root.join(file).is_file()).collect())
}

fn top_level(files: &[PathBuf], findings: &mut Vec<String>) {
    let mut seen: Vec<_> = files.iter().filter_map(|file| file.iter().next()?.to_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    for name in seen.iter().filter(|name| !name.starts_with('.') && !TOP.contains(name)) {
        findings.push(format!("{name}: not one of the names at the top level"));
    }
    for name in TOP.iter().filter(|name| !seen.contains(name)) {
        findings.push(format!("{name}: missing at the top level"));
    }
}

fn manifest(name: &str, text: &str, findings: &mut Vec<String>) -> Result<(), Failure> {
    let manifest: Value = toml::from_str(text)?;
    let inherits =
        |table: Option<&Value>| table.and_then(|table| table.get("workspace")) == Some(&Value::Boolean(true));
    let package = manifest.get("package");
    // A workspace of its own has nothing to inherit from.
    let alone = manifest.get("workspace").is_some();
    if !alone {
        for key in ["version", "edition", "rust-version", "license"] {
            if !inherits(package.and_then(|package| package.get(key))) {
                findings.push(format!("{name}: package.{key} is not inherited from the workspace"));
            }
        }
        if !inherits(manifest.get("lints")) {
            findings.push(format!("{name}: lints are not inherited from the workspace"));
        }
    }
    let crate_name = package.and_then(|package| package.get("name")).and_then(Value::as_str).unwrap_or_default();
    let Some((_, allowed)) = MAY_USE.iter().find(|(from, _)| *from == crate_name) else {
        findings
            .push(format!("{name}: {crate_name} is not in the table of who may depend on whom (xtask/src/tidy.rs)"));
        return Ok(());
    };
    // The dependencies of all platforms, and those of single ones.
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    for tables in std::iter::once(&manifest).chain(platforms.map(|(_, tables)| tables)) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = tables.get(section).and_then(Value::as_table) else { continue };
            for (dependency, value) in dependencies {
                // A crate turns features of its own on for its tests by a path without a version, which is never published.
                if section == "dev-dependencies" && dependency == crate_name && value.get("version").is_none() {
                    continue;
                }
                if !alone && !inherits(Some(value)) {
                    findings.push(format!("{name}: {section}.{dependency} is not inherited from the workspace"));
                }
                let ours = MAY_USE.iter().any(|(crate_name, _)| crate_name == dependency);
                if ours && !allowed.contains(&dependency.as_str()) {
                    findings.push(format!("{name}: {crate_name} may not depend on {dependency}"));
                }
            }
        }
    }
    Ok(())
}

fn source(name: &str, text: &str, findings: &mut Vec<String>) {
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    if !first.is_some_and(|line| line.starts_with("//!")) {
        findings.push(format!("{name}: does not open by saying what lives here (//!)"));
    }
    if name.ends_with("/mod.rs") {
        findings.push(format!("{name}: a module with children is x.rs beside x/, not x/mod.rs"));
    }
    let lines = text.lines().count();
    if lines > LONGEST {
        findings.push(format!("{name}: {lines} lines; above {LONGEST} a file is split by idea"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_keeps_to_the_house_rules() {
        // A source archive has no git to list files with; there is nothing to compare then.
        if crate::root().join(".git").exists() {
            assert_eq!(findings(&crate::root()).unwrap(), Vec::<String>::new());
        }
    }

    #[test]
    fn a_manifest_that_does_not_inherit_is_found() {
        let mut found = Vec::new();
        let text = "[package]\nname = \"iotda-ota-client\"\nversion = \"1.0.0\"\n\n[dependencies]\niotda-ota.workspace = true\n";
        manifest("crates/x/Cargo.toml", text, &mut found).unwrap();
        let found = found.join("\n");
        for expected in ["package.version", "package.edition", "lints", "may not depend on iotda-ota"] {
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }

    #[test]
    fn a_dependency_of_one_platform_is_checked_too() {
        let mut found = Vec::new();
        let text = "[package]\nname = \"iotda-ota-client\"\n\n[target.'cfg(unix)'.dependencies]\niotda-ota = \"1\"\n";
        manifest("crates/x/Cargo.toml", text, &mut found).unwrap();
        let found = found.join("\n");
        for expected in ["dependencies.iotda-ota is not inherited", "may not depend on iotda-ota"] {
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }

    #[test]
    fn a_crate_may_have_itself_with_other_features_in_its_tests() {
        for (dependency, expected) in [("{ path = \".\" }", 0), ("{ path = \".\", version = \"1\" }", 2)] {
            let mut found = Vec::new();
            let text = format!("[package]\nname = \"xtask\"\n\n[dev-dependencies]\nxtask = {dependency}\n");
            manifest("xtask/Cargo.toml", &text, &mut found).unwrap();
            assert_eq!(
                found
                    .iter()
                    .filter(|line| line.contains("dev-dependencies.xtask") || line.contains(" on xtask"))
                    .count(),
                expected
            );
        }
    }

    #[test]
    fn a_workspace_of_its_own_inherits_nothing_and_may_depend_on_no_more() {
        let mut found = Vec::new();
        let text = "[package]\nname = \"iotda-ota-fuzz\"\nversion = \"0.0.0\"\n\n[dependencies]\niotda-ota = { path = \"x\" }\niotda-ota-client = { path = \"x\" }\n\n[workspace]\n";
        manifest("tests/fuzz/Cargo.toml", text, &mut found).unwrap();
        assert_eq!(found, ["tests/fuzz/Cargo.toml: iotda-ota-fuzz may not depend on iotda-ota-client"]);
    }

    #[test]
    fn a_module_without_an_opening_or_in_mod_rs_is_found() {
        let mut found = Vec::new();
        source("crates/x/src/a/mod.rs", "use std::fmt;\n", &mut found);
        source("crates/x/src/b.rs", "//! What lives here.\n", &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_stray_name_at_the_top_is_found() {
        let mut found = Vec::new();
        let files: Vec<_> = TOP.iter().chain(&["notes.txt", ".ci/run"]).map(PathBuf::from).collect();
        top_level(&files, &mut found);
        assert_eq!(found, ["notes.txt: not one of the names at the top level"]);
    }
}
