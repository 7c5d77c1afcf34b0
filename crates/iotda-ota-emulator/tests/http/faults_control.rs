//! The control calls for faults.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Caller, code, read};

async fn call(caller: &Caller, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let url = format!("{}/emulator/faults{path}", caller.emulator.endpoint());
    read(caller.http.request(method, url).body(body).send().await.unwrap()).await
}

async fn add(caller: &Caller, body: &Value) -> Answer {
    call(caller, Method::POST, "", body.to_string()).await
}

#[tokio::test]
async fn faults_are_added_listed_and_removed() {
    let caller = Caller::new().await;
    let (status, added) = add(
        &caller,
        &json!([
            {"operation": "list_ota_packages", "fault": "throttle", "retry-after": 1, "times": 1, "probability": 1.0},
            {"operation": "*", "fault": "stall", "at": 3, "for": "250ms"},
        ]),
    )
    .await;
    assert_eq!(status, 201);
    let expected = json!({
        "id": 1, "operation": "list_ota_packages", "fault": "throttle", "retry-after": "1", "times": 1,
        "spec": "list_ota_packages:throttle:retry-after=1,times=1", "matched": 0, "hits": 0
    });
    assert_eq!(added["faults"][0], expected);
    assert_eq!(added["faults"][1]["for"], "250ms");

    assert_eq!(caller.list("package_type=firmwarePackage").await.0, 429);
    assert_eq!(call(&caller, Method::DELETE, "/2", "").await.0, 204);
    let (status, list) = call(&caller, Method::GET, "", "").await;
    assert_eq!((status, &list["faults"][0]["hits"], list["faults"].as_array().unwrap().len()), (200, &json!(1), 1));
    assert_eq!(code(&call(&caller, Method::DELETE, "/2", "").await), (404, "EMULATOR.FAULT_NOT_FOUND"));
    assert_eq!(call(&caller, Method::DELETE, "", "").await.0, 204);
    assert_eq!(call(&caller, Method::GET, "", "").await.1, json!({"faults": []}));
}

#[tokio::test]
async fn a_fault_that_refuses_control_calls_says_so() {
    let caller = Caller::new().await;
    for (operation, expected) in [("*", true), ("iotda", true), ("obs", false)] {
        let (status, added) = add(&caller, &json!({"operation": operation, "fault": "refuse"})).await;
        assert_eq!(status, 201);
        assert_eq!(added["faults"][0]["note"].as_str().is_some_and(|note| note.contains("control calls")), expected);
        // On the connection that is there already.
        assert_eq!(call(&caller, Method::DELETE, "", "").await.0, 204);
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_added() {
    let caller = Caller::new().await;
    let cut = json!({"operation": "*", "fault": "cut"});
    let cases = [
        (json!(5), "JSON object with operation and fault"),
        (json!({"fault": "cut"}), "operation is missing"),
        (json!({"operation": "*"}), "fault is missing"),
        (json!({"operation": 1, "fault": "cut"}), "operation must be a string"),
        (json!({"operation": "*", "fault": "cut", "probabilty": 0.5}), "did you mean \"probability\"?"),
        (json!({"operation": "*", "fault": "cut", "at": [1]}), "at must be a string, a number"),
        (json!([cut, {"operation": "crate", "fault": "cut"}]), "fault 2: no operation is called \"crate\""),
        (json!({"operation": "*", "fault": "status", "code": "a\r\nb"}), "printable ASCII"),
    ];
    for (body, expected) in cases {
        let answer = add(&caller, &body).await;
        assert_eq!(code(&answer), (400, "EMULATOR.INVALID_CONTROL_CALL"), "{body}");
        let message = answer.1["error_msg"].as_str().unwrap();
        assert!(message.contains(expected), "{body}: {message}");
    }
    let broken = call(&caller, Method::POST, "", "{").await;
    assert_eq!(code(&broken), (400, "EMULATOR.INVALID_CONTROL_CALL"));
    assert!(caller.emulator.faults().list().is_empty());
}

#[tokio::test]
async fn control_calls_are_never_struck() {
    let caller = Caller::new().await;
    add(&caller, &json!({"operation": "*", "fault": "close-before"})).await;
    assert_eq!(call(&caller, Method::GET, "", "").await.1["faults"][0]["matched"], 0);
}
