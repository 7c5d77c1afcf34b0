//! The real document is clean, and every rule fires on a document that breaks it.

use std::path::Path;

use serde_json::{Value, json};

use super::{Finding, lint, read};

fn document() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is inside the workspace");
    read(root).expect("the document is readable")
}

/// Puts a value at a pointer, or removes what is there.
fn change(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let name = name.replace("~1", "/").replace("~0", "~");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{parent} is not in the document"));
    match (parent, value) {
        (Value::Object(members), Some(value)) => {
            members.insert(name, value);
        }
        (Value::Object(members), None) => {
            members.remove(&name).unwrap_or_else(|| panic!("{pointer} is not in the document"));
        }
        (Value::Array(items), value) => {
            let index: usize = name.parse().expect("an array has numbers");
            items.splice(index..=index, value);
        }
        _ => panic!("{pointer} has no parent"),
    }
}

/// Asserts that the changed document gives a finding with this text.
fn assert_finds(pointer: &str, value: Option<Value>, message: &str) {
    let mut document = document();
    let what = format!("{pointer} = {value:?}");
    change(&mut document, pointer, value);
    let findings = lint(&document);
    assert!(
        findings.iter().any(|finding| finding.message.contains(message)),
        "{what}: no `{message}` in {findings:#?}"
    );
}

const PACKAGES: &str = "/paths/~1v5~1iot~1{project_id}~1ota-upgrades~1packages";
const CREATE: &str = "/paths/~1v5~1iot~1{project_id}~1ota-upgrades~1packages/post";
const LIST: &str = "/paths/~1v5~1iot~1{project_id}~1ota-upgrades~1packages/get";
const SCHEMAS: &str = "/components/schemas";

#[test]
fn the_document_is_clean() {
    let findings: Vec<_> = lint(&document()).iter().map(Finding::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn a_finding_is_one_line_with_the_place_first() {
    let mut document = document();
    change(&mut document, "/components/schemas/Sign/description", None);
    let findings: Vec<_> = lint(&document).iter().map(Finding::to_string).collect();
    assert_eq!(findings, ["#/components/schemas/Sign: the schema has no description"]);
}

#[test]
fn finds_what_is_wrong_with_the_whole_document() {
    assert_finds("/openapi", Some(json!("3.1.0")), "`openapi` is not 3.0.3");
    assert_finds("/paths", Some(json!(7)), "not an OpenAPI document");
    assert_finds("/security", None, "nothing says how to authenticate");
    assert_finds("/security/0", Some(json!({ "basic": [] })), "`basic` is not declared");
    assert_finds("/security/0", None, "nothing uses this component");
    assert_finds("/tags/0/description", None, "the tag has no description");
    assert_finds("/tags/0/name", Some(json!("files")), "no operation has this tag");
}

#[test]
fn finds_what_is_wrong_with_an_operation() {
    let shared = format!("{PACKAGES}/parameters");
    assert_finds(&shared, Some(json!([])), "only operations belong here");
    for (name, value, message) in [
        ("operationId", None, "has no `operationId`"),
        ("operationId", Some(json!("CreateOtaPackage")), "not in snake_case"),
        ("operationId", Some(json!("list_ota_packages")), "is taken"),
        ("summary", None, "no summary"),
        ("description", Some(json!(" ")), "no description"),
        ("tags", None, "no tag"),
        ("tags", Some(json!(["files"])), "the tag is not declared"),
        ("parameters/0", None, "path parameters are"),
        ("requestBody/description", None, "the request body has no description"),
        ("requestBody/content/text~1plain", Some(json!({})), "media type"),
        ("requestBody/content/application~1json/schema", None, "no schema"),
        ("requestBody/content/application~1json/examples", None, "no example"),
        ("requestBody/content/application~1json/examples/firmware/summary", None, "a summary and a value"),
    ] {
        assert_finds(&format!("{CREATE}/{name}"), value, message);
    }
}

#[test]
fn finds_what_is_wrong_with_a_parameter() {
    for (name, value, message) in [
        ("Limit/description", None, "the parameter has no description"),
        ("Limit/example", None, "the parameter has no example"),
        ("Limit/schema", None, "the parameter has no schema"),
        ("Limit/in", Some(json!("cookie")), "in the path, the query or a header"),
        ("InstanceId/name", Some(json!("x-auth-token")), "a security scheme, not a parameter"),
        ("ProjectId/name", Some(json!("project")), "path parameters are"),
    ] {
        assert_finds(&format!("/components/parameters/{name}"), value, message);
    }
}

#[test]
fn finds_what_is_wrong_with_the_responses() {
    let package = json!({ "$ref": "#/components/schemas/OtaPackage" });
    let conflict = json!({ "description": "Conflict." });
    for (name, value, message) in [
        ("default", Some(json!({ "$ref": "#/components/responses/BadRequest" })), "never `default`"),
        ("4XX", Some(json!({ "$ref": "#/components/responses/BadRequest" })), "never `default`"),
        ("204", Some(json!({ "description": "Done." })), "2 successes instead of one"),
        ("201", None, "0 successes instead of one"),
        ("201/description", None, "the response has no description"),
        ("201/content/application~1json/examples", None, "no example"),
        ("201/content/text~1html", Some(json!({})), "media type"),
        ("409", Some(conflict), "the body of an error is"),
    ] {
        assert_finds(&format!("{CREATE}/responses/{name}"), value, message);
    }
    let error = "/components/responses/BadRequest/content/application~1json/schema";
    assert_finds(error, Some(package), "the body of an error is");
    assert_finds(&format!("{LIST}/responses"), Some(json!({ "204": { "description": "Done." } })), "no error response");
    assert_finds("/components/headers/RequestId/description", None, "the header has no description");
}

#[test]
fn finds_links_that_cannot_be_followed() {
    let link = format!("{CREATE}/responses/201/links/show_created");
    assert_finds(&format!("{link}/description"), None, "the link has no description");
    assert_finds(&format!("{link}/operationId"), Some(json!("read_package")), "the link leads to no operation");
    assert_finds(&format!("{link}/parameters/name"), Some(json!("$method")), "the operation has no parameter `name`");
    assert_finds(&format!("{link}/parameters/package_id"), None, "does not give `package_id`");
}

#[test]
fn finds_a_request_that_is_not_strict() {
    for (name, value, message) in [
        ("AppId", Some(json!({ "type": "string", "description": "An app." })), "the text has no limit"),
        ("AppId/pattern", Some(json!("[a-z]+")), "has to start with `^`"),
        ("AppId/nullable", Some(json!(true)), "instead of sending null"),
        ("AppId/format", Some(json!("uuid")), "a format would change"),
        ("AppId/type", None, "the schema has no type"),
        ("SignMethod/default", Some(json!("SHA256")), "describe it instead"),
        ("ObsLocationRequest/additionalProperties", None, "accepts unknown fields"),
        ("CreateOtaPackageRequest/properties/support_source_versions/maxItems", None, "the array has no limit"),
    ] {
        assert_finds(&format!("{SCHEMAS}/{name}"), value, message);
    }
    assert_finds("/components/parameters/Limit/schema/maximum", None, "the number has no limits");
}

#[test]
fn finds_a_response_that_is_not_tolerant() {
    for keyword in super::schemas::NARROWING {
        assert_finds(&format!("{SCHEMAS}/ApiError/{keyword}"), Some(json!([])), &format!("`{keyword}` would make"));
    }
    for (name, value, message) in [
        ("OtaPackage/additionalProperties", Some(json!(false)), "`additionalProperties` would make"),
        ("OtaPackage/properties/create_time/format", Some(json!("date-time")), "the format `date-time`"),
        ("OtaPackage/properties/version/nullable", None, "a field of a response is nullable"),
        ("OtaPackage/properties/support_source_versions/nullable", None, "a field of a response is nullable"),
        ("OtaPackage/properties/file_location/nullable", None, "a field of a response is nullable"),
        ("OtaPackage/properties/app_id", Some(json!({ "$ref": "#/components/schemas/AppId" })), "`pattern` would make"),
        ("OtaPackageInfo/properties/version/maxLength", Some(json!(256)), "`maxLength` would make"),
        ("Page/properties/count/format", None, "has the format `int64`"),
    ] {
        assert_finds(&format!("{SCHEMAS}/{name}"), value, message);
    }
}

#[test]
fn finds_composed_schemas() {
    for keyword in super::schemas::COMPOSED {
        assert_finds(&format!("{SCHEMAS}/Page/{keyword}"), Some(json!([])), "schemas are flat");
    }
    let two = json!([{ "$ref": "#/components/schemas/Page" }, { "$ref": "#/components/schemas/ApiError" }]);
    assert_finds(&format!("{SCHEMAS}/OtaPackageList/properties/page/allOf"), Some(two), "`allOf` is for one reference");
}

#[test]
fn finds_what_nobody_explains() {
    assert_finds(&format!("{SCHEMAS}/Page/description"), None, "the schema has no description");
    assert_finds(&format!("{SCHEMAS}/Page/properties/count/description"), None, "the field has no description");
}

#[test]
fn finds_references_that_lead_nowhere_and_components_that_nothing_uses() {
    let nowhere = json!({ "$ref": "#/components/schemas/Nothing" });
    assert_finds(&format!("{SCHEMAS}/OtaPackageList/properties/packages/items"), Some(nowhere), "leads nowhere");
    let outside = json!({ "$ref": "other.yaml#/Page" });
    assert_finds(&format!("{SCHEMAS}/OtaPackageList/properties/packages/items"), Some(outside), "leads nowhere");
    let neighbors = json!({ "$ref": "#/components/schemas/Sign", "nullable": true });
    assert_finds(&format!("{SCHEMAS}/ObsLocationRequest/properties/sign"), Some(neighbors), "beside `$ref`");
    for unused in ["schemas", "parameters", "responses", "headers", "securitySchemes"] {
        assert_finds(&format!("/components/{unused}/Unused"), Some(json!({})), "nothing uses this component");
    }
    assert_finds(&format!("{SCHEMAS}/ObsLocationRequest/properties/sign"), None, "nothing uses this component");
}
