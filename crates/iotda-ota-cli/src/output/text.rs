//! Text for people: aligned fields, a table, and texts of others made harmless.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};

use anstyle::Style;
use iotda_ota::{Package, PackageVersion};
use serde::Serialize;

const NAME: Style = Style::new().dimmed();
const HEADER: Style = Style::new().bold();

/// A text from outside, with everything escaped that a terminal would obey instead of showing it: control characters,
/// and those that turn the direction of writing.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: AsRef<str>> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.as_ref().chars() {
            let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || turns {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Lines of a name and a value, aligned.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(&'static str, String)>);

impl Fields {
    pub(crate) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// Adds a value unless the service did not answer it.
    fn add_known(&mut self, name: &'static str, value: impl AsRef<str>) {
        if !value.as_ref().is_empty() {
            self.add(name, value.as_ref());
        }
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.0.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in &self.0 {
            writeln!(out, "{NAME}{name:width$}{NAME:#}  {}", Shown(value))?;
        }
        Ok(())
    }
}

/// The fields of a package, with the names of the wire.
pub(crate) fn package(package: &Package, fields: &mut Fields) {
    fields.add_known("package_id", package.package_id.as_str());
    fields.add_known("app_id", package.app_id.as_str());
    fields.add_known("product_id", package.product_id.as_str());
    fields.add_known("product_name", package.product_name.as_deref().unwrap_or_default());
    fields.add_known("package_type", package.package_type.as_str());
    fields.add_known("module_name", package.module_name.as_deref().unwrap_or_default());
    fields.add_known("version", package.version.as_str());
    let sources: Vec<_> = package.support_source_versions.iter().map(PackageVersion::as_str).collect();
    fields.add_known("support_source_versions", sources.join(", "));
    fields.add_known("description", package.description.as_deref().unwrap_or_default());
    fields.add_known("custom_info", package.custom_info.as_deref().unwrap_or_default());
    fields.add_known("create_time", created(package));
    if let Some(location) = package.obs_location() {
        fields.add_known("region_name", &location.region_name);
        fields.add_known("bucket_name", &location.bucket_name);
        fields.add_known("object_key", &location.object_key);
        if let Some(method) = &location.sign_method {
            fields.add_known("sign_method", method.as_str());
        }
        fields.add_known("sign", location.sign.as_ref().map_or("", |sign| sign.as_str()));
    }
}

/// A package as create and show print it, with the place where it is.
pub(crate) fn package_at(package: &Package, target: String, out: &mut dyn Write) -> io::Result<()> {
    let mut fields = Fields::default();
    self::package(package, &mut fields);
    fields.add("target", target);
    fields.write(out)
}

/// Packages as a table with a header.
pub(crate) fn table(packages: &[Package], out: &mut dyn Write) -> io::Result<()> {
    let modules = packages.iter().any(|package| package.module_name.is_some());
    let mut header = vec!["PACKAGE_ID", "VERSION", "APP_ID", "PRODUCT_ID", "CREATE_TIME"];
    if modules {
        header.insert(2, "MODULE_NAME");
    }
    let rows: Vec<Vec<String>> = packages
        .iter()
        .map(|package| {
            let mut row = vec![
                cell(package.package_id.as_str()),
                cell(package.version.as_str()),
                cell(package.app_id.as_str()),
                cell(package.product_id.as_str()),
                cell(&created(package)),
            ];
            if modules {
                row.insert(2, cell(package.module_name.as_deref().unwrap_or_default()));
            }
            row
        })
        .collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).fold(header[column].len(), usize::max))
        .collect();
    let header: Vec<String> = header.into_iter().map(str::to_owned).collect();
    writeln!(out, "{HEADER}{}{HEADER:#}", line(&header, &widths))?;
    for row in &rows {
        writeln!(out, "{}", line(row, &widths))?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { Shown(text).to_string() }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

/// The moment of creation in the usual form, or what the service wrote instead.
fn created(package: &Package) -> String {
    let Some(time) = &package.create_time else { return String::new() };
    time.timestamp().map_or_else(|| time.to_string(), |moment| moment.to_string())
}

/// A value as indented JSON.
pub(crate) fn json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", super::json::document(value)?)
}

/// A value as a shell takes it literally.
pub(crate) fn shell_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        assert_eq!(Shown("a\u{1b}[2J\r\nb\u{9b}c\u{202e}d").to_string(), r"a\u{1b}[2J\r\nb\u{9b}c\u{202e}d");
        assert_eq!(Shown("升级 é ok").to_string(), "升级 é ok");
    }

    #[test]
    fn quotes_for_the_shell() {
        assert_eq!(shell_quoted("a b$c"), "'a b$c'");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
    }
}
