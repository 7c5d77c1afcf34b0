//! The documented rules, one function for each kind of field.
//!
//! Limits come from the API reference page "Create an OTA Upgrade Package" (创建OTA升级包) and from the models of the
//! official Python SDK (huaweicloudsdkiotda 3.1.219); `openapi/README.md` of the project says which from which.
//! Lengths count characters, not bytes.

use std::fmt;

use super::{Violations, Warning};
use crate::model::{ObsLocation, PackageType};

mod location;

pub(crate) use location::{SUFFIXES, addressable_key, has_suffix, obs_location};
use location::{field, suffix_of};

/// The most source versions that a package may name.
const MOST_SOURCE_VERSIONS: usize = 20;

/// The longest version that a device is known to report; a longer one could never match.
const LONGEST_REPORTED_VERSION: usize = 64;

const IDENTIFIER: Text = Text {
    least: 1,
    most: Some(36),
    allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'),
    characters: "letters, digits, _ and -",
};

const VERSION: Text = Text {
    least: 1,
    most: Some(256),
    allowed: |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'),
    characters: "letters, digits, _, - and .",
};

/// What a text may consist of.
#[derive(Clone, Copy)]
struct Text {
    least: usize,
    most: Option<usize>,
    allowed: fn(char) -> bool,
    characters: &'static str,
}

impl Text {
    /// Reports the length and the characters each on its own, because they are mended each on its own.
    ///
    /// `what` is the value in words, `find` where the right one is found, if that is worth saying. A right value costs no
    /// text: every call checks all of its values.
    fn check(
        &self,
        field: impl fmt::Display,
        value: &str,
        what: &str,
        find: Option<&str>,
        violations: &mut Violations,
    ) {
        let mut report = |rule: String, help: String| {
            let find = find.map(|find| format!("; {find}")).unwrap_or_default();
            violations.add(&field.to_string(), rule, value, help + &find);
        };
        let count = value.chars().count();
        if count == 0 && self.least > 0 {
            report("given".to_owned(), format!("give {what}"));
            return;
        }
        if count < self.least {
            report(format!("at least {} characters", self.least), format!("check {what}"));
        }
        if let Some(most) = self.most.filter(|most| count > *most) {
            report(format!("at most {most} characters"), format!("shorten {what} by {}", count - most));
        }
        if let Some(found) = value.chars().find(|c| !(self.allowed)(*c)) {
            report(format!("only {}", self.characters), format!("remove {found:?} from {what}"));
        }
    }
}

pub(crate) fn app_id(value: &str, violations: &mut Violations) {
    IDENTIFIER.check("app_id", value, "the app id", Some("the console shows it as the resource space id"), violations);
}

pub(crate) fn product_id(value: &str, violations: &mut Violations) {
    IDENTIFIER.check("product_id", value, "the product id", Some("the console shows it with the product"), violations);
}

pub(crate) fn package_id(value: &str, violations: &mut Violations) {
    let rule =
        Text { allowed: |c| c.is_ascii_alphanumeric() || c == '-', characters: "letters, digits and -", ..IDENTIFIER };
    rule.check("package_id", value, "the package id", Some("create and list answer it"), violations);
}

pub(crate) fn project_id(value: &str, violations: &mut Violations) {
    project_id_of(None, value, violations);
}

/// The reference states no rule for project ids; these characters are what keeps the path one path. `origin` says where
/// one comes from that nobody gave to the client itself.
pub(crate) fn project_id_of(origin: Option<&str>, value: &str, violations: &mut Violations) {
    let rule = Text { most: None, ..IDENTIFIER };
    let what = origin.map_or_else(|| "the project id".to_owned(), |origin| format!("the project id from {origin}"));
    rule.check("project_id", value, &what, Some("the console shows it under My Credentials"), violations);
}

/// Region ids are free text, of characters that can stand in an address.
pub(crate) fn region(field: &str, value: &str, violations: &mut Violations) {
    let rule = Text { most: None, ..IDENTIFIER };
    rule.check(field, value, "the region id", Some("the console shows it, such as cn-north-4"), violations);
}

/// The reference states the longest length alone. What else is refused is what no id has, and what servers that put it
/// into a path would read in different ways.
pub(crate) fn instance_id(value: &str, violations: &mut Violations) {
    const FIELD: &str = "Instance-Id";
    let rule = Text {
        allowed: |c| c.is_ascii_graphic() && !matches!(c, '/' | '%'),
        characters: "visible ASCII characters, without / and %",
        ..IDENTIFIER
    };
    rule.check(FIELD, value, "the instance id", Some("the console shows it under Overview"), violations);
    if value.contains("..") {
        violations.add(FIELD, "without ..", value, "check the instance id; the console shows it under Overview");
    }
}

pub(crate) fn package_type(value: &PackageType, violations: &mut Violations) {
    if let PackageType::Other(text) = value {
        let names = PackageType::KNOWN.map(|known| known.to_string()).join(", ");
        let help = "use one of these, or the short names firmware, software, module";
        violations.add("package_type", format!("one of {names}"), text, help);
    }
}

pub(crate) fn version(value: &str, violations: &mut Violations) {
    VERSION.check("version", value, "the version", None, violations);
}

/// The module name belongs to module packages, and only to them.
pub(crate) fn module_name(value: Option<&str>, package_type: &PackageType, violations: &mut Violations) {
    const FIELD: &str = "module_name";
    let is_module = *package_type == PackageType::Module;
    match value {
        None if is_module => {
            let help = "name the OTA module of the product that the package upgrades";
            violations.add(FIELD, "given for package_type modulePackage", "", help);
        }
        Some(name) => {
            if !is_module {
                let help = "leave module_name out, or set package_type to modulePackage";
                violations.add(FIELD, "absent unless package_type is modulePackage", name, help);
            }
            Text { most: Some(64), ..VERSION }.check(FIELD, name, "the module name", None, violations);
        }
        None => {}
    }
}

pub(crate) fn support_source_versions<'a>(values: impl ExactSizeIterator<Item = &'a str>, violations: &mut Violations) {
    const FIELD: &str = "support_source_versions";
    if values.len() > MOST_SOURCE_VERSIONS {
        let found = format!("a list of {}", values.len());
        let help = "leave some out; with none at all every source version is allowed";
        violations.add_described(FIELD, &format!("at most {MOST_SOURCE_VERSIONS} versions"), found, help);
    }
    // The reference gives no length for a single source version.
    let rule = Text { most: None, ..VERSION };
    for (index, value) in values.enumerate() {
        rule.check(format_args!("{FIELD}[{index}]"), value, "the source version", None, violations);
    }
}

pub(crate) fn description(value: &str, violations: &mut Violations) {
    any_text("description", value, 1024, violations);
}

pub(crate) fn custom_info(value: &str, violations: &mut Violations) {
    any_text("custom_info", value, 4096, violations);
}

fn any_text(field: &str, value: &str, most: usize, violations: &mut Violations) {
    let rule = Text { least: 0, most: Some(most), allowed: |_| true, characters: "any characters" };
    rule.check(field, value, "the text", None, violations);
}

pub(crate) fn limit(value: u32, violations: &mut Violations) {
    if !(1..=50).contains(&value) {
        violations.add(
            "limit",
            "from 1 to 50",
            &value.to_string(),
            "ask for a smaller page, or use the stream of pages",
        );
    }
}

pub(crate) fn offset(value: u32, violations: &mut Violations) {
    if value > 500 {
        let help = "go on from the marker of the last page instead, which has no such end";
        violations.add("offset", "from 0 to 500", &value.to_string(), help);
    }
}

pub(crate) fn marker(value: &str, violations: &mut Violations) {
    if value.len() != 24 || !value.chars().all(|c| c.is_ascii_hexdigit()) {
        violations.add("marker", "24 hexadecimal digits", value, "give the marker of the last page, not a package id");
    }
}

/// What is allowed but probably not meant, in a package about to be created.
pub(crate) fn warnings<'a>(
    version: &str,
    mut sources: impl Iterator<Item = &'a str>,
    location: &ObsLocation,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if version.chars().count() > LONGEST_REPORTED_VERSION {
        let message = format!(
            "longer than {LONGEST_REPORTED_VERSION} characters; devices are documented to report no longer version, \
             so an upgrade might never count as done (not verified at the service)"
        );
        warnings.push(Warning::new("version", message));
    }
    if sources.any(|source| source == version) {
        let message = "holds the package's own version; devices that already have it would be offered it again";
        warnings.push(Warning::new("support_source_versions", message));
    }
    let key = &location.object_key;
    if let Some(suffix) = suffix_of(key).filter(|suffix| !key.ends_with(suffix)) {
        let message = format!("ends in {suffix} but for the case; whether the service minds is not verified");
        warnings.push(Warning::new(field::OBJECT_KEY, message));
    }
    warnings
}

#[cfg(test)]
mod tests;
