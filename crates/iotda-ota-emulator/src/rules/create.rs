//! The body of a create request: from bytes to a [`NewPackage`], or the list of everything wrong with it.

use serde_json::{Map, Value};

use super::text::{self, TextRule};
use super::{MODULE_PACKAGE, Violations, package_type};
use crate::package::{NewPackage, ObsLocation};
use crate::rejection::{Code, Rejection};

/// The fields of the request, of its `file_location` and of the `obs_location` in there.
const FIELDS: [&str; 9] = [
    "app_id",
    "package_type",
    "product_id",
    "module_name",
    "version",
    "support_source_versions",
    "description",
    "custom_info",
    "file_location",
];
const LOCATION_FIELDS: [&str; 1] = ["obs_location"];
const OBS_LOCATION_FIELDS: [&str; 5] = ["region_name", "bucket_name", "object_key", "sign_method", "sign"];

/// Most unknown fields that are named; naming each would only bloat the message.
const MOST_UNKNOWN_FIELDS: usize = 20;

/// Most entries of `support_source_versions`.
const MOST_SOURCE_VERSIONS: usize = 20;

/// Reads and checks the body of a create request.
///
/// Fields that the reference does not know are refused, and so is `null`: no source says that they are accepted, and who
/// misspells an optional field would otherwise never learn it.
pub(crate) fn read(body: &[u8]) -> Result<NewPackage, Rejection> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Rejection::new(Code::InvalidFormat, format!("The request body is not valid JSON: {error}")))?;
    let Value::Object(fields) = body else {
        return Err(Rejection::new(
            Code::InvalidFormat,
            format!("The request body must be a JSON object, not {}", kind(&body)),
        ));
    };

    let mut violations = Violations::default();
    only_known(&fields, &FIELDS, "", &mut violations);
    let package = package(&fields, &mut violations);
    violations.into_result()?;
    Ok(package)
}

fn package(fields: &Map<String, Value>, violations: &mut Violations) -> NewPackage {
    let mut reader = Reader { fields, path: "", violations };
    let app_id = reader.required("app_id", &text::APP_ID);
    let package_type = reader.package_type();
    let product_id = reader.required("product_id", &text::PRODUCT_ID);
    let module_name = reader.module_name(&package_type);
    NewPackage {
        app_id,
        product_id,
        module_name,
        version: reader.required("version", &text::VERSION),
        support_source_versions: reader.source_versions(),
        description: reader.optional("description", &text::DESCRIPTION),
        custom_info: reader.optional("custom_info", &text::CUSTOM_INFO),
        obs_location: obs_location(fields, violations),
        package_type,
    }
}

fn obs_location(fields: &Map<String, Value>, violations: &mut Violations) -> ObsLocation {
    const PATH: [&str; 2] = ["file_location", "file_location.obs_location"];
    let Some(outer) = object(fields, "file_location", PATH[0], violations) else {
        return ObsLocation::default();
    };
    only_known(outer, &LOCATION_FIELDS, "file_location.", violations);
    let Some(location) = object(outer, "obs_location", PATH[1], violations) else {
        return ObsLocation::default();
    };
    only_known(location, &OBS_LOCATION_FIELDS, "file_location.obs_location.", violations);
    let mut reader = Reader { fields: location, path: "file_location.obs_location.", violations };
    ObsLocation {
        region_name: reader.required("region_name", &text::REGION_NAME),
        bucket_name: reader.required("bucket_name", &text::BUCKET_NAME),
        object_key: reader.required("object_key", &text::OBJECT_KEY),
        sign_method: reader.sign_method(),
        sign: reader.optional("sign", &text::SIGN),
    }
}

/// Reports the fields that do not belong to an object.
fn only_known(fields: &Map<String, Value>, known: &[&str], path: &str, violations: &mut Violations) {
    for name in fields.keys().filter(|name| !known.contains(&name.as_str())).take(MOST_UNKNOWN_FIELDS) {
        let name = TextRule::quote(name);
        violations.add(format!("{path}{name}"), format!("is no field of the request; there are {}", known.join(", ")));
    }
}

fn object<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    path: &str,
    violations: &mut Violations,
) -> Option<&'a Map<String, Value>> {
    match fields.get(name) {
        Some(Value::Object(object)) => return Some(object),
        None => violations.add(path, "is required"),
        Some(other) => violations.add(path, format!("must be an object, not {}", kind(other))),
    }
    None
}

/// Reads the fields of one JSON object; a field that breaks its rule reads as empty.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    path: &'static str,
    violations: &'a mut Violations,
}

impl Reader<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    /// The text of a field, if it is there; a value of another type is a violation.
    fn text(&mut self, name: &str) -> Option<String> {
        match self.fields.get(name) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(other) => {
                let rule = format!("must be a string, not {}", kind(other));
                self.violations.add(self.name(name), rule);
                // Empty, so that a required field is not called missing as well.
                Some(String::new())
            }
        }
    }

    fn is_text_or_absent(&self, name: &str) -> bool {
        matches!(self.fields.get(name), None | Some(Value::String(_)))
    }

    fn required(&mut self, name: &str, rule: &TextRule) -> String {
        if !self.fields.contains_key(name) {
            self.violations.add(self.name(name), "is required");
            return String::new();
        }
        self.optional(name, rule).unwrap_or_default()
    }

    fn optional(&mut self, name: &str, rule: &TextRule) -> Option<String> {
        let value = self.text(name)?;
        if self.is_text_or_absent(name) {
            rule.check(&self.name(name), &value, self.violations);
        }
        Some(value)
    }

    fn package_type(&mut self) -> String {
        match self.fields.get("package_type") {
            Some(Value::String(value)) => {
                package_type(value, self.violations);
                value.clone()
            }
            None => {
                self.violations.add("package_type", "is required");
                String::new()
            }
            Some(other) => {
                let rule = format!("must be a string, not {}", kind(other));
                self.violations.add("package_type", rule);
                String::new()
            }
        }
    }

    /// The name goes with module packages. The reference says it is used only there; that it is required there and
    /// refused elsewhere is this emulator's reading, unverified at the service.
    fn module_name(&mut self, package_type: &str) -> Option<String> {
        let value = self.optional("module_name", &text::MODULE_NAME);
        let known = super::PACKAGE_TYPES.contains(&package_type);
        if package_type == MODULE_PACKAGE && value.is_none() {
            self.violations.add("module_name", format!("is required when package_type is {MODULE_PACKAGE}"));
        } else if known && package_type != MODULE_PACKAGE && value.is_some() {
            self.violations.add(
                "module_name",
                format!("is only allowed when package_type is {MODULE_PACKAGE}, not {package_type}"),
            );
        }
        value
    }

    fn source_versions(&mut self) -> Option<Vec<String>> {
        const NAME: &str = "support_source_versions";
        let entries = match self.fields.get(NAME) {
            None => return None,
            Some(Value::Array(entries)) => entries,
            Some(other) => {
                let rule = format!("must be an array of strings, not {}", kind(other));
                self.violations.add(NAME, rule);
                return None;
            }
        };
        if entries.len() > MOST_SOURCE_VERSIONS {
            self.violations
                .add(NAME, format!("must have at most {MOST_SOURCE_VERSIONS} entries, not {}", entries.len()));
        }
        let mut versions = Vec::new();
        // Entries beyond the limit are wrong anyway; naming each would only bloat the message.
        for (index, entry) in entries.iter().take(MOST_SOURCE_VERSIONS).enumerate() {
            let name = format!("{NAME}[{index}]");
            match entry {
                Value::String(version) => {
                    text::SOURCE_VERSION.check(&name, version, self.violations);
                    versions.push(version.clone());
                }
                other => self.violations.add(name, format!("must be a string, not {}", kind(other))),
            }
        }
        Some(versions)
    }

    fn sign_method(&mut self) -> Option<String> {
        let value = self.text("sign_method")?;
        if self.is_text_or_absent("sign_method") && value != "SHA256" {
            let rule = format!("must be SHA256, not {}", TextRule::quote(&value));
            self.violations.add(self.name("sign_method"), rule);
        }
        Some(value)
    }
}

/// What a JSON value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
