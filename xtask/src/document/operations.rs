//! Operations: how they are named, what they take, what they answer, and that each of it is described and shown by an
//! example.

use std::collections::BTreeSet;

use super::Finding;
use super::place::Place;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const ERROR: &str = "#/components/schemas/ApiError";

/// Checks every operation of the document.
pub(super) fn check(root: &Place<'_>, findings: &mut Vec<Finding>) {
    let mut ids = BTreeSet::new();
    let secret_headers = secret_headers(root);
    for (template, path) in root.members_of("paths") {
        for (method, operation) in path.members() {
            if !METHODS.contains(&method) {
                operation.report(findings, "only operations belong here; parameters are listed per operation");
                continue;
            }
            id(&operation, &mut ids, findings);
            if operation.text("summary").is_none_or(|text| text.trim().is_empty()) {
                operation.report(findings, "the operation has no summary");
            }
            if !operation.is_described() {
                operation.report(findings, "the operation has no description");
            }
            parameters(&operation, template, &secret_headers, findings);
            if let Some(body) = operation.get("requestBody") {
                let body = body.resolve();
                if !body.is_described() {
                    body.report(findings, "the request body has no description");
                }
                json_body(&body, findings);
                shown(&body, findings);
            }
            responses(&operation, findings);
        }
    }
}

/// Reports an id that is missing, taken, or not in the form of a Rust function's name.
fn id<'a>(operation: &Place<'a>, ids: &mut BTreeSet<&'a str>, findings: &mut Vec<Finding>) {
    let Some(id) = operation.text("operationId") else {
        return operation.report(findings, "the operation has no `operationId`");
    };
    let snake_case = id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !snake_case {
        operation.report(findings, format!("the `operationId` `{id}` is not in snake_case"));
    }
    if !ids.insert(id) {
        operation.report(findings, format!("the `operationId` `{id}` is taken"));
    }
}

/// The headers that carry credentials, in lower case.
fn secret_headers(root: &Place<'_>) -> Vec<String> {
    let schemes = root.at(&["components", "securitySchemes"]);
    let schemes: Vec<_> = schemes.iter().flat_map(Place::members).collect();
    schemes.iter().filter_map(|(_, scheme)| scheme.text("name")).map(str::to_ascii_lowercase).collect()
}

fn parameters(operation: &Place<'_>, template: &str, secret_headers: &[String], findings: &mut Vec<Finding>) {
    let mut in_path = BTreeSet::new();
    for parameter in operation.items_of("parameters") {
        let parameter = parameter.resolve();
        let name = parameter.text("name").unwrap_or_default();
        match parameter.text("in") {
            Some("path") => {
                in_path.insert(name);
            }
            Some("query") => {}
            Some("header") if secret_headers.contains(&name.to_ascii_lowercase()) => {
                parameter.report(findings, "a header that carries credentials is a security scheme, not a parameter");
            }
            Some("header") => {}
            _ => parameter.report(findings, "a parameter is in the path, the query or a header"),
        }
        if !parameter.is_described() {
            parameter.report(findings, "the parameter has no description");
        }
        if parameter.get("schema").is_none() {
            parameter.report(findings, "the parameter has no schema");
        }
        if parameter.get("example").is_none() {
            parameter.report(findings, "the parameter has no example");
        }
    }
    let in_template: BTreeSet<_> = template.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
    if in_path != in_template {
        operation.report(findings, format!("path parameters are {in_path:?}, the path has {in_template:?}"));
    }
}

/// Reports bodies of other media types than JSON, and JSON without a schema.
fn json_body(holder: &Place<'_>, findings: &mut Vec<Finding>) {
    let types = holder.members_of("content");
    if !matches!(types.as_slice(), [("application/json", _)]) {
        holder.report(findings, "the one media type of a body is `application/json`");
    }
    for (_, content) in types {
        if content.get("schema").is_none() {
            content.report(findings, "the body has no schema");
        }
    }
}

/// Reports a body without an example.
fn shown(holder: &Place<'_>, findings: &mut Vec<Finding>) {
    for (_, content) in holder.members_of("content") {
        let examples = content.members_of("examples");
        if examples.is_empty() {
            content.report(findings, "the body has no example");
        }
        for (_, example) in examples {
            if example.text("summary").is_none() || example.get("value").is_none() {
                example.report(findings, "an example has a summary and a value");
            }
        }
    }
}

fn responses(operation: &Place<'_>, findings: &mut Vec<Finding>) {
    let mut successes = 0;
    let mut failures = 0;
    for (status, response) in operation.members_of("responses") {
        let resolved = response.resolve();
        if !resolved.is_described() {
            resolved.report(findings, "the response has no description");
        }
        for (_, header) in resolved.members_of("headers") {
            if !header.resolve().is_described() {
                header.report(findings, "the header has no description");
            }
        }
        match status.parse::<u16>() {
            Ok(200..=299) => {
                successes += 1;
                if resolved.get("content").is_some() {
                    json_body(&resolved, findings);
                    shown(&resolved, findings);
                }
            }
            Ok(400..=599) => {
                failures += 1;
                json_body(&resolved, findings);
                let schema = resolved.at(&["content", "application/json", "schema"]);
                if schema.as_ref().and_then(|schema| schema.text("$ref")) != Some(ERROR) {
                    response.report(findings, format!("the body of an error is `{ERROR}`"));
                }
            }
            _ => response.report(findings, "a status is from 200 to 299 or from 400 to 599, never `default`"),
        }
    }
    if successes != 1 {
        operation.report(findings, format!("the operation has {successes} successes instead of one"));
    }
    if failures == 0 {
        operation.report(findings, "the operation has no error response");
    }
}
