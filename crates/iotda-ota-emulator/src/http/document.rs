//! Every answer of the package operations against the OpenAPI document of this repository; only with the feature
//! `check-answers`, which its suites switch on.
//!
//! [`check`] looks at finished answers. One that the document does not describe is replaced by a
//! status 500 that says what is wrong, and the emulator panics when it ends ([`Undocumented::tell`]), so that no test
//! can overlook it. Answers that a fault makes up are made outside of it and not looked at.
//!
//! The document tolerates fields it does not know, because the service may add some. The emulator has no reason to, so
//! here they are refused.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::{Shared, write};
use crate::rejection::{Code, Rejection};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../openapi/iotda-ota.yaml");
    serde_saphyr::from_str(text).expect("the document is YAML, or nothing here works")
});

/// The answers of one emulator that the document does not describe.
#[derive(Clone, Default)]
pub(crate) struct Undocumented(Arc<Mutex<Vec<String>>>);

impl Undocumented {
    fn add(&self, problem: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
    }

    /// Panics when there was one.
    pub(crate) fn tell(&self) {
        let found = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // A second panic would hide the first, and end the process.
        if !std::thread::panicking() {
            assert!(found.is_empty(), "the OpenAPI document does not describe these answers:\n{}", found.join("\n"));
        }
    }
}

/// The operation that a request is for, if it is in the document.
pub(super) fn operation(request: &Request) -> Option<&'static Value> {
    let path = request.uri().path();
    let (_, methods) = DOCUMENT["paths"].as_object()?.iter().find(|(template, _)| matches(template, path))?;
    methods.get(request.method().as_str().to_ascii_lowercase())
}

/// Whether a path is one of those that a template such as `/packages/{package_id}` describes.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(part, found)| *part == found || (part.starts_with('{') && !found.is_empty()))
}

/// Checks the answer of an operation.
pub(super) async fn check(shared: &Shared, operation: Option<&'static Value>, response: Response) -> Response {
    let Some(operation) = operation else { return response };
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => panic!("an answer of the emulator has no end: {error}"),
    };
    match compare(operation, parts.status, &parts.headers, &body) {
        Ok(()) => Response::from_parts(parts, Body::from(body)),
        Err(problem) => {
            let problem = format!("{} answered {}: {problem}", operation["operationId"], parts.status.as_u16());
            let rejection = Rejection::new(Code::Internal, problem.clone());
            shared.undocumented.add(problem);
            let mut response = Response::from_parts(parts, Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            write(&rejection, "undocumented", &mut response);
            response
        }
    }
}

/// Compares one answer with what the document says about its status.
fn compare(operation: &'static Value, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let answer = resolve(&operation["responses"][status.as_str()]);
    if answer.is_null() {
        return Err("the operation has no such status".to_owned());
    }
    for name in answer["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        if !headers.contains_key(name) {
            return Err(format!("the header {name} is missing"));
        }
    }
    let Some(contents) = answer["content"].as_object() else {
        return if body.is_empty() { Ok(()) } else { Err("there is a body".to_owned()) };
    };
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content = contents.get(media_type).ok_or_else(|| format!("the media type is {media_type:?}"))?;
    let body = serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let problems: Vec<_> = known(&content["schema"])
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// What a reference points at; any other value is what it is.
fn resolve(value: &'static Value) -> &'static Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| DOCUMENT.pointer(pointer)).unwrap_or(value)
}

/// The validator of a schema of the document; it is made once.
fn known(schema: &'static Value) -> Arc<Validator> {
    static KNOWN: Mutex<BTreeMap<usize, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    // The document stays where it is, so that an address is a name.
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(std::ptr::from_ref(schema).addr()).or_insert_with(|| Arc::new(validator(schema))))
}

/// A validator for a schema of the document that knows all its components.
fn validator(schema: &Value) -> Validator {
    let mut components = DOCUMENT["components"]["schemas"].clone();
    for (name, schema) in components.as_object_mut().into_iter().flatten() {
        translate(schema);
        // The API gateway adds a request id to its errors, and the emulator does so in its place.
        if name != "ApiError" && schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
    }
    let whole = json!({ "allOf": [schema], "components": { "schemas": components } });
    jsonschema::draft202012::new(&whole).expect("the schemas of the document are valid, which another suite checks")
}

/// Writes `nullable` of OpenAPI 3.0 as JSON Schema does; there it is another type.
fn translate(schema: &mut Value) {
    for properties in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter() {
        properties.values_mut().for_each(translate);
    }
    if schema["nullable"] == json!(true) {
        *schema = json!({ "anyOf": [schema.clone(), { "type": "null" }] });
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn compared(operation: &str, status: u16, media_type: &'static str, body: &str) -> Result<(), String> {
        let path = match operation {
            "post" => "/v5/iot/{project_id}/ota-upgrades/packages",
            _ => "/v5/iot/{project_id}/ota-upgrades/packages/{package_id}",
        };
        let mut headers = HeaderMap::from_iter([("x-request-id".parse().unwrap(), HeaderValue::from_static("0"))]);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        let status = StatusCode::from_u16(status).unwrap();
        compare(&DOCUMENT["paths"][path][operation], status, &headers, body.as_bytes())
    }

    const JSON: &str = "application/json";

    #[test]
    fn finds_the_operation_of_a_request() {
        let id = |method: &str, uri: &str| {
            let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
            operation(&request).map(|operation| operation["operationId"].as_str().unwrap())
        };
        let packages = "/v5/iot/p/ota-upgrades/packages";
        assert_eq!(id("GET", &format!("{packages}?limit=1")), Some("list_ota_packages"));
        assert_eq!(id("POST", packages), Some("create_ota_package"));
        assert_eq!(id("DELETE", &format!("{packages}/1")), Some("delete_ota_package"));
        assert_eq!(id("PUT", packages), None);
        assert_eq!(id("GET", &format!("{packages}/1/2")), None);
        assert_eq!(id("GET", &format!("{packages}/")), None);
    }

    #[test]
    fn accepts_what_is_documented() {
        assert_eq!(compared("get", 200, JSON, r#"{"package_id": "a", "module_name": null}"#), Ok(()));
        assert_eq!(compared("post", 409, JSON, r#"{"error_code": "a", "error_msg": "b"}"#), Ok(()));
        assert_eq!(compared("delete", 204, JSON, ""), Ok(()));
    }

    #[test]
    fn finds_another_status_type_media_type_body_and_field() {
        for (operation, status, media_type, body, problem) in [
            ("get", 409, JSON, "{}", "no such status"),
            ("get", 200, JSON, r#"{"package_id": 5}"#, "/package_id"),
            ("get", 200, JSON, r#"{"file_location": {"obs_location": {"sign": []}}}"#, "/file_location"),
            ("get", 200, JSON, r#"{"packageId": "a"}"#, "packageId"),
            ("get", 200, "text/plain", "{}", "media type"),
            ("get", 404, JSON, "<html>", "no JSON"),
            ("delete", 204, JSON, "{}", "there is a body"),
        ] {
            let found = compared(operation, status, media_type, body).unwrap_err();
            assert!(found.contains(problem), "{found}");
        }
    }

    #[test]
    fn a_missing_header_is_found() {
        let operation = &DOCUMENT["paths"]["/v5/iot/{project_id}/ota-upgrades/packages/{package_id}"]["delete"];
        let found = compare(operation, StatusCode::NO_CONTENT, &HeaderMap::new(), b"").unwrap_err();
        assert_eq!(found, "the header X-Request-Id is missing");
    }

    #[test]
    #[should_panic(expected = "delete_ota_package answered 418")]
    fn whoever_has_such_an_answer_panics_in_the_end() {
        let undocumented = Undocumented::default();
        undocumented.add("delete_ota_package answered 418".to_owned());
        undocumented.tell();
    }
}
