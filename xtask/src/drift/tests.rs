//! Differences: found on either side, settled by an entry, and entries that are left over.

use serde_json::json;

use super::*;

fn document() -> Places {
    let document = json!({
        "paths": { "/packages/{package_id}": { "post": {
            "operationId": "create",
            "parameters": [
                { "$ref": "#/components/parameters/PackageId" },
                { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 50 } },
            ],
            "requestBody": { "required": true, "content": { "application/json": { "schema": {
                "type": "object", "required": ["location"], "properties": {
                    "location": { "$ref": "#/components/schemas/Location" },
                    "versions": { "type": "array", "maxItems": 20, "items": { "type": "string", "enum": ["b", "a"] } },
                },
            }}}},
            "responses": {
                "201": { "content": { "application/json": { "schema": { "type": "object", "properties": {
                    "location": { "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Location" }] },
                }}}}},
                "400": { "content": { "application/json": { "schema": { "type": "object", "properties": {
                    "error_code": { "type": "string" },
                }}}}},
            },
        }}},
        "components": {
            "parameters": { "PackageId": {
                "name": "package_id", "in": "path", "required": true, "schema": { "type": "string", "maxLength": 36 },
            }},
            "schemas": { "Location": { "type": "object", "properties": {
                "sign": { "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" },
            }}},
        },
    });
    document::places(&document)
}

#[test]
fn the_document_becomes_places_with_facts() {
    let expected = json!({
        "create": { "method": "post", "path": "/packages/{package_id}" },
        "create path package_id": { "type": "string", "maxLength": 36 },
        "create query limit": { "type": "integer", "required": false, "minimum": 1, "maximum": 50 },
        "create body": { "type": "object", "required": true },
        "create body location": { "type": "object", "required": true },
        "create body location.sign": { "type": "string", "required": false, "characters": "0-9 A-F a-f" },
        "create body versions": { "type": "array", "required": false, "maxItems": 20 },
        "create body versions[]": { "type": "string", "enum": "a b" },
        "create answer location": { "type": "object" },
        "create answer location.sign": { "type": "string" },
    });
    assert_eq!(serde_json::to_value(document()).unwrap(), expected);
}

#[test]
fn patterns_of_one_class_are_characters() {
    assert_eq!(document::characters("^[A-Za-z0-9_.-]+$").as_deref(), Some("- . 0-9 A-Z _ a-z"));
    for pattern in ["^a+$", "[a]+", "^[^a]+$", r"^[\w]+$", "^[a]+[b]$", "^[a]?$"] {
        assert_eq!(document::characters(pattern), None, "{pattern}");
    }
}

fn lines(sdk: &Places) -> Vec<String> {
    compare(&document(), sdk).iter().map(Difference::to_string).collect()
}

#[test]
fn sides_that_say_the_same_have_no_difference() {
    assert_eq!(lines(&document()), Vec::<String>::new());
}

#[test]
fn another_value_and_a_missing_place_are_differences() {
    let mut sdk = document();
    sdk.get_mut("create query limit").unwrap().insert("maximum".to_owned(), json!(100));
    sdk.get_mut("create path package_id").unwrap().remove("maxLength");
    let moved = sdk.remove("create body versions[]").unwrap();
    sdk.insert("create body tags".to_owned(), moved);
    assert_eq!(
        lines(&sdk),
        [
            "only in the sdk: create body tags",
            "only in the document: create body versions[]",
            "only in the document: create path package_id: maxLength 36",
            "only in the document: create query limit: maximum 50",
            "only in the sdk: create query limit: maximum 100",
        ]
    );
}

fn reported(differences: &[Difference], settled: &str) -> (bool, String) {
    let mut out = Vec::new();
    let clean = report(differences, &settled::read(settled).unwrap(), &mut out).unwrap();
    (clean, String::from_utf8(out).unwrap())
}

#[test]
fn a_settled_difference_passes_and_a_new_one_fails() {
    let differences = || {
        let mut sdk = document();
        sdk.get_mut("create query limit").unwrap().remove("maximum");
        sdk.remove("create answer location.sign");
        compare(&document(), &sdk)
    };
    let one =
        "[[settled]]\nonly = \"document\"\nplace = \"create query *\"\nfact = \"maximum *\"\nreason = \"because\"\n";
    let (clean, text) = reported(&differences(), one);
    assert!(!clean);
    assert!(text.starts_with("settled: because\n    only in the document: create query limit: maximum 50\n"), "{text}");
    assert!(text.contains("new: only in the document: create answer location.sign\n"), "{text}");

    let both = format!("{one}[[settled]]\nonly = \"document\"\nplace = \"*.sign\"\nreason = \"so\"\n");
    assert!(reported(&differences(), &both).0);
}

#[test]
fn each_place_of_a_list_has_to_settle_something() {
    let differences = || {
        let mut sdk = document();
        for place in ["create answer location", "create answer location.sign"] {
            sdk.remove(place);
        }
        compare(&document(), &sdk)
    };
    let entry = |places: &str| format!("[[settled]]\nonly = \"document\"\nplace = [{places}]\nreason = \"because\"\n");
    let both = "\"create answer location\", \"create answer location.sign\"";
    let (clean, text) = reported(&differences(), &entry(both));
    assert!(clean);
    assert_eq!(text.matches("settled: because\n").count(), 1, "{text}");
    let (clean, text) = reported(&differences(), &entry(&format!("{both}, \"create answer sign\"")));
    assert!(!clean && text.contains("settles nothing any more"), "{text}");
}

#[test]
fn an_entry_that_settles_nothing_fails() {
    let entry = "[[settled]]\nonly = \"sdk\"\nplace = \"nowhere\"\nreason = \"because\"\n";
    let (clean, text) = reported(&[], entry);
    assert!(!clean && text.starts_with("settles nothing any more"), "{text}");
}
