//! What is accepted or rejected, and with which code.
//!
//! - [`create`] reads the body of a create request, [`list`] the query of a list request;
//! - [`package_id`] and [`instance_id`] check a path segment and a header;
//! - [`stored`] holds the rules that need to know what is stored already;
//! - [`bucket`] and [`multipart`] are those of OBS: names of buckets, and parts of uploads.
//!
//! Every request rule here is one the service's API reference states (pages "Create an OTA Upgrade Package" and its
//! Chinese original "创建OTA升级包", and the prose of the models in the official Python SDK huaweicloudsdkiotda 3.1.219).
//! Where they leave something open, the README's fidelity ledger says what the emulator does. All violations
//! of a request are reported at once, in `error_msg`. Lengths count code points.

pub(crate) mod bucket;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod multipart;
pub(crate) mod stored;
pub(crate) mod text;

use crate::rejection::{Code, Rejection};
use text::TextRule;

/// The package types, in the order in which the reference lists them.
pub(crate) const PACKAGE_TYPES: [&str; 3] = ["softwarePackage", "firmwarePackage", MODULE_PACKAGE];

/// The package type that goes with a `module_name`.
pub(crate) const MODULE_PACKAGE: &str = "modulePackage";

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The field as it is called on the wire, with its path.
    pub(crate) field: String,
    /// What the field must be, and what was found.
    pub(crate) rule: String,
}

/// The broken rules of one request.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    found: Vec<Violation>,
}

impl Violations {
    pub(crate) fn add(&mut self, field: impl Into<String>, rule: impl Into<String>) {
        self.found.push(Violation { field: field.into(), rule: rule.into() });
    }

    /// Nothing, or the rejection that names every broken rule.
    pub(crate) fn into_result(self) -> Result<(), Rejection> {
        if self.found.is_empty() {
            return Ok(());
        }
        // The reference gives a code of its own to a limit out of range; together with other
        // violations only the general code covers them all.
        let only_limit = self.found.iter().all(|violation| violation.field == "limit");
        let code = if only_limit { Code::LimitOutOfRange } else { Code::InvalidInput };
        let rules: Vec<String> =
            self.found.iter().map(|violation| format!("{}: {}", violation.field, violation.rule)).collect();
        Err(Rejection::new(code, format!("Invalid input data. {}", rules.join("; "))))
    }
}

/// Checks the `package_id` of a path.
pub(crate) fn package_id(value: &str) -> Result<(), Rejection> {
    let mut violations = Violations::default();
    text::PACKAGE_ID.check("package_id", value, &mut violations);
    violations.into_result()
}

/// Checks the `Instance-Id` header.
pub(crate) fn instance_id(value: &str) -> Result<(), Rejection> {
    let mut violations = Violations::default();
    text::INSTANCE_ID.check("Instance-Id", value, &mut violations);
    violations.into_result()
}

/// Checks a package type.
pub(crate) fn package_type(value: &str, violations: &mut Violations) {
    if !PACKAGE_TYPES.contains(&value) {
        let found = TextRule::quote(value);
        violations.add("package_type", format!("must be one of {}, not {found}", PACKAGE_TYPES.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_alone_has_its_own_code() {
        let mut violations = Violations::default();
        violations.add("limit", "must be from 1 to 50, not 51");
        let rejection = violations.into_result().unwrap_err();
        assert_eq!(rejection.code, Code::LimitOutOfRange);
        assert_eq!(rejection.message, "Invalid input data. limit: must be from 1 to 50, not 51");
    }

    #[test]
    fn several_violations_are_all_named() {
        let mut violations = Violations::default();
        violations.add("limit", "a");
        violations.add("offset", "b");
        let rejection = violations.into_result().unwrap_err();
        assert_eq!(rejection.code, Code::InvalidInput);
        assert_eq!(rejection.message, "Invalid input data. limit: a; offset: b");
    }

    #[test]
    fn rejects_a_package_id_with_a_dot() {
        assert!(package_id("28f61af50fc9452aa0ed5ea25c3cc3d3").is_ok());
        assert!(package_id("a.b").is_err());
        assert!(package_id(&"a".repeat(37)).is_err());
    }
}
