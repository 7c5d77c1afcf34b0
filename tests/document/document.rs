//! Reads the document and turns its schemas into validators.
//!
//! OpenAPI 3.0 says `nullable` where JSON Schema says that a type may be `"null"`; [`validator`] translates that. The
//! one other difference that matters, sibling keywords of `$ref`, does not occur: the lint forbids them.

use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The folder that holds the document and its examples.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../openapi")
}

/// The document as JSON.
pub(crate) fn read() -> Value {
    let text = std::fs::read_to_string(folder().join("iotda-ota.yaml")).expect("the document is readable");
    serde_saphyr::from_str(&text).expect("the document is YAML")
}

/// What a value points at, if it is a reference; else the value itself.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("references stay inside the document");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points at nothing"))
        }
        None => value,
    }
}

/// A validator for one schema of the document, which may refer to the others.
pub(crate) fn validator(document: &Value, schema: &Value) -> Validator {
    let mut components = document["components"]["schemas"].clone();
    for schema in components.as_object_mut().expect("there are schemas").values_mut() {
        translate(schema);
    }
    let mut schema = schema.clone();
    translate(&mut schema);
    let whole = json!({ "allOf": [schema], "components": { "schemas": components } });
    jsonschema::draft202012::new(&whole).expect("the schema is a JSON Schema")
}

/// A validator for the component schema of this name.
pub(crate) fn component(document: &Value, name: &str) -> Validator {
    validator(document, &json!({ "$ref": format!("#/components/schemas/{name}") }))
}

/// The operation of this id.
pub(crate) fn operation<'a>(document: &'a Value, id: &str) -> &'a Value {
    operations(document).find(|operation| operation["operationId"] == id).unwrap_or_else(|| panic!("no operation {id}"))
}

/// Every operation of the document.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().expect("there are paths");
    paths.values().flat_map(|path| path.as_object().expect("a path holds operations").values())
}

/// The parameters of an operation, resolved.
pub(crate) fn parameters<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().map(|parameter| resolve(document, parameter))
}

/// Makes a JSON Schema of an OpenAPI schema, in place.
fn translate(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    for key in ["items", "additionalProperties"] {
        if let Some(child) = fields.get_mut(key) {
            translate(child);
        }
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(translate);
    }
    if fields.remove("nullable") != Some(Value::Bool(true)) {
        return;
    }
    // The document writes a nullable reference as `nullable` beside `allOf`; there is no `type` to widen then.
    match fields.get_mut("type") {
        Some(kind) => *kind = json!([kind.clone(), "null"]),
        None => *schema = json!({ "anyOf": [schema.clone(), { "type": "null" }] }),
    }
}
