//! The files of `openapi/examples` and the examples inside the document are the same, and match their schemas.
//!
//! A file is called `<operation>.<case>.<role>.json`. The role is `request` (a body), `parameters` (an object with the
//! values of path, query and header parameters by their names on the wire) or the status of the answer whose body it
//! holds. Error answers are alike for all operations; their files have `error` in place of the operation.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::{self, operation, operations, parameters, resolve, validator};

/// Every example file by its name without the suffix.
fn files() -> BTreeMap<String, Value> {
    let folder = std::fs::read_dir(document::folder().join("examples")).expect("the folder of examples is readable");
    folder
        .map(|entry| {
            let path = entry.expect("the folder of examples is readable").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            let stem = name.strip_suffix(".json").unwrap_or_else(|| panic!("{name} is not called *.json")).to_owned();
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            (stem, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

/// The examples inside the document by the name of the file that has to hold the same. Parameters are left out.
fn inline(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut collect = |operation: &str, role: &str, body: &Value| {
        for (case, example) in body["content"]["application/json"]["examples"].as_object().into_iter().flatten() {
            found.insert(format!("{operation}.{case}.{role}"), example["value"].clone());
        }
    };
    for operation in operations(document) {
        let id = operation["operationId"].as_str().expect("an operation has an id");
        collect(id, "request", &operation["requestBody"]);
        for (status, response) in operation["responses"].as_object().expect("an operation has responses") {
            let owner = if status.starts_with('2') { id } else { "error" };
            collect(owner, status, resolve(document, response));
        }
    }
    found
}

/// The parts of a file's name: operation, case, role.
fn parts(name: &str) -> [&str; 3] {
    let parts: Vec<_> = name.split('.').collect();
    parts.try_into().unwrap_or_else(|_| panic!("{name} is not called <operation>.<case>.<role>"))
}

/// The schema that the file of this name has to match. Not for parameters, which have one schema each.
fn schema<'a>(document: &'a Value, name: &str) -> &'a Value {
    let [id, _, role] = parts(name);
    let holder = match (id, role) {
        (_, "request") => &operation(document, id)["requestBody"],
        ("error", status) => {
            assert!(status >= "400", "{name}: an error has a status from 400 on");
            let mut responses = operations(document).filter_map(|operation| operation["responses"].get(status));
            resolve(document, responses.next().unwrap_or_else(|| panic!("{name}: no operation has this status")))
        }
        (_, status) => resolve(document, &operation(document, id)["responses"][status]),
    };
    let schema = &holder["content"]["application/json"]["schema"];
    assert!(!schema.is_null(), "{name}: the document has no schema for this");
    schema
}

#[test]
fn every_body_in_a_file_matches_its_schema() {
    let document = document::read();
    for (name, value) in files().iter().filter(|(name, _)| parts(name)[2] != "parameters") {
        if let Err(error) = validator(&document, schema(&document, name)).validate(value) {
            panic!("{name}: {}: {error}", error.instance_path());
        }
    }
}

#[test]
fn every_parameter_in_a_file_matches_its_schema() {
    let document = document::read();
    for (name, values) in files().iter().filter(|(name, _)| parts(name)[2] == "parameters") {
        let operation = operation(&document, parts(name)[0]);
        let mut values = values.as_object().expect("parameters are an object").clone();
        for parameter in parameters(&document, operation) {
            let wire_name = parameter["name"].as_str().expect("a parameter has a name");
            match values.remove(wire_name) {
                Some(value) => {
                    let checked =
                        validator(&document, &parameter["schema"]).validate(&value).map_err(|e| e.to_string());
                    assert_eq!(checked, Ok(()), "{name}: {wire_name}");
                }
                None => assert_ne!(parameter["required"], true, "{name}: {wire_name} is required"),
            }
        }
        assert!(values.is_empty(), "{name}: the operation has no parameters {values:?}");
    }
}

#[test]
fn every_example_inside_the_document_equals_a_file() {
    let document = document::read();
    let files: BTreeMap<_, _> = files().into_iter().filter(|(name, _)| parts(name)[2] != "parameters").collect();
    let inline = inline(&document);
    assert_eq!(files.keys().collect::<Vec<_>>(), inline.keys().collect::<Vec<_>>());
    for (name, value) in inline {
        assert_eq!(files[&name], value, "{name}");
    }
}

#[test]
fn every_parameter_example_inside_the_document_is_in_the_file_of_all_parameters() {
    let document = document::read();
    let files = files();
    for operation in operations(&document) {
        let id = operation["operationId"].as_str().expect("an operation has an id");
        let all = files[&format!("{id}.all.parameters")].as_object().expect("parameters are an object");
        let mut names = Vec::new();
        for parameter in parameters(&document, operation) {
            let name = parameter["name"].as_str().expect("a parameter has a name");
            assert_eq!(all.get(name), Some(&parameter["example"]), "{id}: {name}");
            names.push(name);
        }
        assert_eq!(names.len(), all.len(), "{id}: the file has more parameters than the document");
    }
}

#[test]
fn the_requests_and_the_response_of_the_reference_are_among_the_files() {
    let files = files();
    let firmware = &files["create_ota_package.firmware.request"];
    let differential = &files["create_ota_package.differential.request"];
    let created = &files["create_ota_package.differential.201"];
    assert_eq!(firmware["description"], "package v2.0");
    // The reference prints one response; it answers the second request, not the first.
    for (field, value) in differential.as_object().expect("a request is an object") {
        assert_eq!(&created[field], value, "{field}");
    }
    assert_eq!(created["create_time"], "20230211T121212Z");
}
