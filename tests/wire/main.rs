//! The exact request that is sent for each fixture of `tests/fixtures/packages`, and what is refused instead.
//!
//! A fixture `accept_*.json` has a snapshot of the request, `reject_*.json` one of the violations, and nothing is sent.
//! Adding a case is adding a file. `picture` writes down what came of a fixture, `publish` shows the several requests of
//! publishing, `unchecked` looks at the way around the rules.

mod picture;
mod publish;
mod unchecked;

use std::path::Path;

use support::{Answer, Received, Stub, call, fixture};

/// Runs an asynchronous case to its end; the macro that walks the fixtures takes plain functions.
fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(future)
}

/// Compares with the snapshot of this operation and the fixture at hand.
fn assert_wire(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

/// Plays one fixture of an operation.
fn play(operation: &str, path: &Path) {
    let fixture = fixture::load(path);
    let (text, received) = block_on(async {
        let stub = Stub::start(success).await;
        let outcome = call::send(operation, &fixture, stub.builder()).await;
        (picture::of(&outcome, &stub.received()), stub.received())
    });
    let name = path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names");
    if name.starts_with("accept_") {
        assert_eq!(received.len(), 1, "{name}: {text}");
        let request = &fixture["request"];
        if operation == "create" {
            let body: serde_json::Value = serde_json::from_slice(&received[0].body).expect("the body is JSON");
            assert_eq!(body, *request, "{name}: nothing is added, changed or left out");
        }
    } else {
        assert!(name.starts_with("reject_"), "{name}: fixtures are accept_* or reject_*");
        assert!(received.is_empty(), "{name}: {text}");
    }
    assert_wire(operation, &text);
}

/// The plainest success of each operation.
fn success(request: &Received) -> Answer {
    match request.method.as_str() {
        "POST" => Answer::new(201, r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3"}"#),
        "DELETE" => Answer::new(204, ""),
        _ if request.target.contains('?') => Answer::new(200, r#"{"packages":[],"page":{"count":0}}"#),
        _ => Answer::new(200, r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3"}"#),
    }
}

#[test]
fn create_sends_what_the_fixtures_show() {
    insta::glob!("../fixtures/packages/create", "*.json", |path| play("create", path));
}

#[test]
fn list_sends_what_the_fixtures_show() {
    insta::glob!("../fixtures/packages/list", "*.json", |path| play("list", path));
}

#[test]
fn show_sends_what_the_fixtures_show() {
    insta::glob!("../fixtures/packages/show", "*.json", |path| play("show", path));
}

#[test]
fn delete_sends_what_the_fixtures_show() {
    insta::glob!("../fixtures/packages/delete", "*.json", |path| play("delete", path));
}

#[test]
fn one_call_with_eight_mistakes_reports_eight() {
    let fixture = fixture::load(&fixture::folder().join("packages/create/reject_eight_mistakes.json"));
    block_on(async {
        let stub = Stub::start(success).await;
        let error = call::send("create", &fixture, stub.builder()).await.unwrap_err();
        assert!(error.is_invalid());
        assert_eq!(error.violations().len(), 8, "{}", error.violations());
        assert!(stub.received().is_empty());
    });
}
