//! The OpenAPI document, from outside: it parses, its examples match its schemas, what is sent is described strictly
//! and what is received tolerantly.
//!
//! `document` reads the document and builds validators from it, `examples` compares it with the files of
//! `openapi/examples`, `strict` and `tolerant` try the schemas. The house rules for writing the document are checked by
//! `cargo xtask document` instead.

mod document;
mod examples;
mod strict;
mod tolerant;

#[test]
fn parses_as_openapi_3_0_3() {
    let document = document::read();
    let parsed: openapiv3::OpenAPI = serde_json::from_value(document).expect("the document is an OpenAPI document");
    assert_eq!(parsed.openapi, "3.0.3");
    assert_eq!(parsed.operations().count(), 4);
}
