//! What becomes of an answer: every file of `tests/fixtures/answers`, given to every operation.
//!
//! The snapshots tell whether it was a success, and what an error says. Adding a case is adding a file.

use std::fmt::{Debug, Write as _};

use iotda_ota::{Client, Error, ErrorKind, ObsLocation, PackageType, Response};
use serde_json::Value;
use support::{Answer, Stub, fixture, impatient};

const ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";

/// Calls every operation and describes each outcome.
async fn outcomes(client: &Client) -> Vec<(&'static str, Result<String, Error>)> {
    fn done<T: Debug>(result: Result<Response<T>, Error>, show: impl Fn(&T) -> String) -> Result<String, Error> {
        result.map(|response| {
            let request_id = response.request_id().unwrap_or("none");
            format!("done with {}, request id {request_id}{}", response.status(), show(&response))
        })
    }
    let packages = client.packages();
    let location = ObsLocation::new("cn-north-4", "abc", "bbb/upgrade.bin");
    let create = packages.create("my-app", "my-product", PackageType::Firmware, "2.0", location).send().await;
    let list = packages.list(PackageType::Firmware).send().await;
    let show = packages.show(ID).send().await;
    let delete = packages.delete(ID).send().await;
    vec![
        ("create", done(create, |package| shown(serde_json::to_value(package)))),
        ("list", done(list, |page| shown(serde_json::to_value(page)))),
        ("show", done(show, |package| shown(serde_json::to_value(package)))),
        ("delete", done(delete, |()| String::new())),
    ]
}

/// The fields of a value, one a line.
fn shown(value: serde_json::Result<Value>) -> String {
    fn write(text: &mut String, path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| write(text, &format!("{path}.{name}"), value));
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                items.iter().enumerate().for_each(|(at, item)| write(text, &format!("{path}[{at}]"), item));
            }
            plain => write!(text, "\n    {}: {plain}", path.trim_start_matches('.')).expect("text grows"),
        }
    }
    let mut text = String::new();
    write(&mut text, "", &fixture::sorted(&value.expect("results can be written as JSON")));
    text
}

fn described(error: &Error) -> String {
    let request_id = error.request_id().unwrap_or("none");
    let retryable = if error.is_retryable() { ", retryable" } else { "" };
    format!("{:?}{retryable}, request id {request_id}\n    {error}", error.kind())
}

#[test]
fn every_answer_becomes_what_the_snapshot_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    insta::glob!("../fixtures/answers", "*.json", |path| {
        let answer = Answer::from_fixture(&fixture::load(path));
        let outcomes = runtime.block_on(async {
            let stub = Stub::always(answer).await;
            let client = stub.builder().retry(impatient().max_attempts(1)).build().unwrap();
            let outcomes = outcomes(&client).await;
            let received = stub.received();
            let count = |method| received.iter().filter(|request| request.method == method).count();
            assert_eq!((count("POST"), count("DELETE")), (1, 1), "no operation asks again");
            outcomes
        });
        let mut text = String::new();
        for (operation, outcome) in outcomes {
            let outcome = outcome.unwrap_or_else(|error| described(&error));
            writeln!(text, "{operation}: {outcome}").unwrap();
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("answer", text);
        });
    });
}

#[tokio::test]
async fn status_code_message_and_request_id_survive_all_four_shapes() {
    for body in [
        r#"{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}"#,
        r#"{"errorCode":"IOTDA.000006","errorMsg":"Invalid input data."}"#,
        r#"{"code":"IOTDA.000006","message":"Invalid input data."}"#,
        r#"{"error":{"code":"IOTDA.000006","message":"Invalid input data."}}"#,
    ] {
        let stub = Stub::always(Answer::new(400, body).header("X-Request-Id", "fake-request-1")).await;
        for (operation, outcome) in outcomes(&stub.client()).await {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{operation}: {body}");
            assert_eq!(error.status(), Some(400));
            assert_eq!(error.error_code(), Some("IOTDA.000006"));
            assert_eq!(error.error_msg(), Some("Invalid input data."));
            assert_eq!(error.request_id(), Some("fake-request-1"));
        }
    }
}

#[tokio::test]
async fn half_a_json_is_unintelligible_but_after_create_and_delete_the_outcome_is_unknown() {
    let stub = Stub::always(Answer::new(200, r#"{"package_id":"28f6"#)).await;
    for (operation, outcome) in outcomes(&stub.client()).await {
        let error = outcome.unwrap_err();
        // Neither can it be looked up what a create or a delete came to.
        let changes = ["create", "delete"].contains(&operation);
        let expected = if changes { ErrorKind::OutcomeUnknown } else { ErrorKind::Unintelligible };
        assert_eq!((error.kind(), error.status()), (expected, Some(200)), "{operation}");
        assert!(error.hint().is_some(), "{operation}");
    }
}

#[tokio::test]
async fn an_error_that_something_can_be_done_about_says_what() {
    for status in [401, 403, 404, 429, 500, 503, 301] {
        let stub = Stub::always(Answer::new(status, "")).await;
        for (operation, outcome) in outcomes(&stub.client()).await {
            let error = outcome.unwrap_err();
            // A missing package is all that there is to say about it.
            assert!(error.hint().is_some() || error.is_not_found(), "{operation}: {error:?}");
        }
    }
}
