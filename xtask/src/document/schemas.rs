//! Schemas: what is sent is described strictly, what is received tolerantly, and every field says what it is.
//!
//! A strict request finds a mistake before it is sent. A tolerant response keeps a success a success: the generated
//! types refuse a null, an unknown value of an enumeration or a time in another form, unless the schema allows it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Finding;
use super::place::Place;

/// Keywords that make a schema refuse values.
pub(super) const NARROWING: [&str; 15] = [
    "required",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// Keywords that the generator turns into unpleasant types, or cannot take.
pub(super) const COMPOSED: [&str; 4] = ["oneOf", "anyOf", "not", "discriminator"];

/// Schemas by their pointers, each once.
type Schemas<'a> = BTreeMap<String, Place<'a>>;

/// Checks every schema that a request or a response leads to.
pub(super) fn check(root: &Place<'_>, findings: &mut Vec<Finding>) {
    let mut sent = Schemas::new();
    let mut received = Schemas::new();
    for (_, path) in root.members_of("paths") {
        for (_, operation) in path.members() {
            for parameter in operation.items_of("parameters") {
                collect(parameter.resolve().get("schema"), &mut sent);
            }
            if let Some(body) = operation.get("requestBody") {
                collect_body(&body.resolve(), &mut sent);
            }
            for (_, response) in operation.members_of("responses") {
                let response = response.resolve();
                collect_body(&response, &mut received);
                for (_, header) in response.members_of("headers") {
                    collect(header.resolve().get("schema"), &mut received);
                }
            }
        }
    }
    sent.values().for_each(|schema| strict(schema, findings));
    received.values().for_each(|schema| tolerant(schema, findings));
    sent.extend(received);
    for schema in sent.values() {
        flat(schema, findings);
        described(schema, findings);
    }
}

fn collect_body<'a>(holder: &Place<'a>, schemas: &mut Schemas<'a>) {
    for (_, content) in holder.members_of("content") {
        collect(content.get("schema"), schemas);
    }
}

/// Adds a schema and those inside of it.
fn collect<'a>(schema: Option<Place<'a>>, schemas: &mut Schemas<'a>) {
    let Some(schema) = schema.map(|schema| schema.resolve()) else { return };
    if schemas.insert(schema.pointer().to_owned(), schema.clone()).is_some() {
        return;
    }
    for (_, property) in schema.members_of("properties") {
        collect(Some(property), schemas);
    }
    for part in schema.items_of("allOf") {
        collect(Some(part), schemas);
    }
    collect(schema.get("items"), schemas);
    collect(schema.get("additionalProperties").filter(|schema| schema.value().is_object()), schemas);
}

/// Reports what a request would let through.
fn strict(schema: &Place<'_>, findings: &mut Vec<Finding>) {
    let has = |name: &str| schema.get(name).is_some();
    if schema.is("nullable") {
        schema.report(findings, "a request leaves a field out instead of sending null");
    }
    if has("default") {
        schema.report(findings, "a default would be sent though nobody set it; describe it instead");
    }
    match schema.text("type") {
        Some("string") => {
            if !has("maxLength") && !has("pattern") && !has("enum") {
                schema.report(findings, "the text has no limit: no `maxLength`, `pattern` or `enum`");
            }
            if schema.text("pattern").is_some_and(|pattern| !pattern.starts_with('^') || !pattern.ends_with('$')) {
                schema.report(findings, "the pattern has to start with `^` and end with `$`");
            }
            if has("format") {
                schema.report(findings, "a format would change the generated type; use a pattern");
            }
        }
        Some("integer" | "number") if !has("minimum") || !has("maximum") => {
            schema.report(findings, "the number has no limits: `minimum` and `maximum`");
        }
        Some("array") if !has("maxItems") => schema.report(findings, "the array has no limit: `maxItems`"),
        Some("object")
            if schema.get("additionalProperties").map(|place| place.value()) != Some(&Value::Bool(false)) =>
        {
            schema.report(findings, "the object accepts unknown fields: `additionalProperties` is not false");
        }
        Some("integer" | "number" | "array" | "object" | "boolean") => {}
        _ => schema.report(findings, "the schema has no type"),
    }
}

/// Reports what would make a success fail.
fn tolerant(schema: &Place<'_>, findings: &mut Vec<Finding>) {
    for keyword in NARROWING {
        if schema.get(keyword).is_some() {
            schema.report(findings, format!("`{keyword}` would make an odd response fail"));
        }
    }
    if schema.get("additionalProperties").is_some_and(|place| place.value() != &Value::Bool(true)) {
        schema.report(findings, "`additionalProperties` would make an odd response fail");
    }
    match (schema.text("type"), schema.text("format")) {
        (Some("integer"), Some("int64")) => {}
        (Some("integer"), _) => schema.report(findings, "an integer of a response has the format `int64`"),
        (_, Some(format)) => schema.report(findings, format!("the format `{format}` would make an odd response fail")),
        _ => {}
    }
    for (_, property) in schema.members_of("properties") {
        if !property.is("nullable") {
            property.report(findings, "a field of a response is nullable");
        }
    }
}

/// Reports composed schemas. The one form allowed is a reference that may be null.
fn flat(schema: &Place<'_>, findings: &mut Vec<Finding>) {
    for keyword in COMPOSED {
        if schema.get(keyword).is_some() {
            schema.report(findings, format!("`{keyword}` is not for this document: schemas are flat"));
        }
    }
    if schema.get("allOf").is_some() {
        let parts = schema.items_of("allOf");
        let one_reference = matches!(parts.as_slice(), [part] if part.text("$ref").is_some());
        if !one_reference || !schema.is("nullable") || schema.get("type").is_some() {
            schema.report(findings, "`allOf` is for one reference that is `nullable`, nothing else");
        }
    }
}

/// Reports schemas and fields that nobody explains. A field that is a reference is explained by the schema it names.
fn described(schema: &Place<'_>, findings: &mut Vec<Finding>) {
    let name = schema.pointer().strip_prefix("#/components/schemas/");
    if name.is_some_and(|name| !name.contains('/')) && !schema.is_described() {
        schema.report(findings, "the schema has no description");
    }
    for (_, property) in schema.members_of("properties") {
        if property.text("$ref").is_none() && !property.is_described() {
            property.report(findings, "the field has no description");
        }
    }
}
