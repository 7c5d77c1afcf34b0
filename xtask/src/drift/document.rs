//! What the OpenAPI document says, in the form in which `tests/interop/models.py` prints what the SDK says.
//!
//! Limits are told of what is sent only: by the house rules the schemas of answers have none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Places;

/// The keywords that are facts as they are.
const LIMITS: [&str; 5] = ["minLength", "maxLength", "minimum", "maximum", "maxItems"];

/// Every place of the document.
pub(super) fn places(document: &Value) -> Places {
    let mut reader = Reader { document, places: Places::new() };
    for (path, operations) in members(&document["paths"]) {
        for (method, operation) in members(operations) {
            reader.operation(path, method, operation);
        }
    }
    reader.places
}

struct Reader<'a> {
    document: &'a Value,
    places: Places,
}

impl<'a> Reader<'a> {
    fn operation(&mut self, path: &str, method: &str, operation: &'a Value) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let facts = [("method", json!(method)), ("path", json!(path))];
        self.places.insert(id.to_owned(), facts.map(|(name, value)| (name.to_owned(), value)).into());

        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = self.resolve(parameter);
            let [name, within] = ["name", "in"].map(|key| parameter[key].as_str().unwrap_or_default());
            // What is in the path is always required.
            let required = (within != "path").then(|| parameter["required"] == true);
            self.schema(&format!("{id} {within} {name}"), ".", &parameter["schema"], true, required);
        }
        let body = self.resolve(&operation["requestBody"]);
        if !body.is_null() {
            let schema = &body["content"]["application/json"]["schema"];
            self.schema(&format!("{id} body"), " ", schema, true, Some(body["required"] == true));
        }
        for (status, answer) in members(&operation["responses"]) {
            let schema = self.resolve(&self.resolve(answer)["content"]["application/json"]["schema"]);
            if status.starts_with('2') {
                for (name, property) in members(&schema["properties"]) {
                    self.schema(&format!("{id} answer {name}"), ".", property, false, None);
                }
            }
        }
    }

    /// Adds a schema and all that is below it; `separator` stands between its place and the names of its properties.
    fn schema(&mut self, place: &str, separator: &str, schema: &'a Value, sent: bool, required: Option<bool>) {
        let schema = self.resolve(schema);
        let mut facts = BTreeMap::from([("type".to_owned(), schema["type"].clone())]);
        if let Some(required) = required {
            facts.insert("required".to_owned(), json!(required));
        }
        if sent {
            limits(schema, &mut facts);
        }
        self.places.insert(place.to_owned(), facts);
        if let Some(items) = schema.get("items") {
            self.schema(&format!("{place}[]"), ".", items, sent, None);
        }
        for (name, property) in members(&schema["properties"]) {
            let required =
                sent.then(|| schema["required"].as_array().is_some_and(|names| names.contains(&json!(name))));
            self.schema(&format!("{place}{separator}{name}"), ".", property, sent, required);
        }
    }

    /// What a reference points at, also when it stands alone in an `allOf`; any other value is what it is.
    fn resolve(&self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").or_else(|| value.pointer("/allOf/0/$ref")).and_then(Value::as_str);
        let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Adds the limits, values and characters of a schema.
fn limits(schema: &Value, facts: &mut BTreeMap<String, Value>) {
    for name in LIMITS {
        if let Some(value) = schema.get(name) {
            facts.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: BTreeSet<_> = values.iter().filter_map(Value::as_str).collect();
        facts.insert("enum".to_owned(), json!(Vec::from_iter(values).join(" ")));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        let fact = match characters(pattern) {
            Some(characters) => ("characters".to_owned(), json!(characters)),
            None => ("pattern".to_owned(), json!(pattern)),
        };
        facts.extend([fact]);
    }
}

/// The ranges of characters that a pattern allows, in one order; nothing when it says more than that.
///
/// How often they occur is left out: it is in the lengths, too.
pub(super) fn characters(pattern: &str) -> Option<String> {
    let (class, times) = pattern.strip_prefix("^[")?.strip_suffix('$')?.split_once(']')?;
    let counted = times.strip_prefix('{').and_then(|times| times.strip_suffix('}'));
    let repeated = matches!(times, "+" | "*") || counted.is_some_and(|times| times.parse::<u32>().is_ok());
    if !repeated {
        return None;
    }
    let class: Vec<char> = class.chars().collect();
    let mut ranges = BTreeSet::new();
    let mut rest = class.as_slice();
    while let [first, more @ ..] = rest {
        rest = match (first, more) {
            ('\\' | '^', _) => return None,
            (first, ['-', last, more @ ..]) => {
                ranges.insert(format!("{first}-{last}"));
                more
            }
            (first, more) => {
                ranges.insert(first.to_string());
                more
            }
        };
    }
    Some(Vec::from_iter(ranges).join(" "))
}
