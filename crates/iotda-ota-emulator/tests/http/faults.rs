//! What faults do to requests. Connections that end are in [`crate::faults_connections`], bodies that break in
//! [`crate::faults_bodies`].

use http::Method;
use iotda_ota_emulator::{Emulator, Fault, FaultKind, Operation};
use serde_json::{Value, json};

use crate::client::{Caller, code, minimal, read};
use crate::iam::{new_token, password};
use crate::signing::{Key, Scheme, signed};
use crate::temporary::temporary_key;

const LIST: &str = "/v5/iot/emulator-project/ota-upgrades/packages?package_type=firmwarePackage";

/// A caller of an emulator with these faults, and an object to make packages of.
pub(crate) async fn with(faults: &[&str]) -> Caller {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"firmware").await;
    for fault in faults {
        caller.emulator.faults().add(fault.parse().unwrap()).unwrap();
    }
    caller
}

pub(crate) async fn try_create(caller: &Caller) -> Result<reqwest::Response, reqwest::Error> {
    let request = caller.http.post(caller.packages_url()).json(&minimal("a.bin"));
    request.header("X-Auth-Token", caller.emulator.token()).send().await
}

pub(crate) async fn count(caller: &Caller) -> Value {
    caller.list("package_type=firmwarePackage").await.1["page"]["count"].clone()
}

#[tokio::test]
async fn a_status_comes_in_every_form_and_nothing_is_done() {
    let caller = with(&[]).await;
    let id = |response: &reqwest::Response| response.headers().contains_key("x-request-id");
    for (body, expected) in [
        ("error_code", Some(json!({"error_code": "X.1"}))),
        ("errorCode", Some(json!({"errorCode": "X.1"}))),
        ("code", Some(json!({"code": "X.1"}))),
        ("nested", Some(json!({"error": {"code": "X.1"}}))),
        ("html", None),
        ("empty", None),
    ] {
        let fault = format!("create_ota_package:status:status=503,body={body},code=X.1,times=1");
        caller.emulator.faults().add(fault.parse().unwrap()).unwrap();
        let response = try_create(&caller).await.unwrap();
        assert!(response.status() == 503 && id(&response), "{response:?}");
        let text = response.text().await.unwrap();
        match expected {
            Some(expected) => {
                let found: Value = serde_json::from_str(&text).unwrap();
                let (found, expected) = (found.as_object().unwrap(), expected.as_object().unwrap());
                let (name, value) = expected.iter().next().unwrap();
                match value.as_object() {
                    Some(nested) => assert_eq!(found[name]["code"], nested["code"], "{text}"),
                    None => assert_eq!(&found[name], value, "{text}"),
                }
            }
            None => assert_eq!(text.is_empty(), body == "empty", "{text}"),
        }
    }
    assert_eq!(count(&caller).await, 0);
    assert_eq!(try_create(&caller).await.unwrap().status(), 201);
}

#[tokio::test]
async fn each_service_fails_in_its_own_form() {
    let caller = with(&["*:status:times=3"]).await;
    assert_eq!(code(&caller.list("package_type=firmwarePackage").await), (500, "EMULATOR.FAULT"));
    let url = format!("{}/v3/auth/tokens", caller.emulator.iam_endpoint());
    let iam = caller.http.post(url).json(&password(&caller)).send().await.unwrap();
    assert!(iam.headers().contains_key("x-iam-trace-id"));
    assert_eq!(read(iam).await.1["error"]["code"], "EMULATOR.FAULT");
    let obs = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert!(obs.headers().contains_key("x-obs-request-id"));
    assert!(obs.text().await.unwrap().contains("<Code>EMULATOR.FAULT</Code>"));
    assert_eq!(count(&caller).await, 0);
}

#[tokio::test]
async fn throttling_has_the_known_codes() {
    let caller = with(&[
        "list_ota_packages:throttle:retry-after=1,times=1",
        "list_ota_packages:throttle:status=403,times=1",
        "obs:throttle:status=503,times=1",
    ])
    .await;
    let request = caller.http.get(format!("{}{LIST}", caller.emulator.endpoint()));
    let first = request.header("X-Auth-Token", caller.emulator.token()).send().await.unwrap();
    assert_eq!(first.headers()["retry-after"], "1");
    assert_eq!(code(&read(first).await), (429, "APIGW.0308"));
    assert_eq!(code(&caller.list("package_type=firmwarePackage").await), (403, "IOTDA.021101"));
    let obs = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(obs.status(), 503);
    assert!(obs.text().await.unwrap().contains("<Code>SlowDown</Code>"));
}

#[tokio::test]
async fn every_operation_of_obs_can_fail_by_its_name() {
    let caller = with(&[]).await;
    let id = caller.create_upload("b.bin").await;
    let etag = caller.put_part("b.bin", &id, 1, 5).await;
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part>\
                        </CompleteMultipartUpload>"
    );
    let (id, part) = (("uploadId", Some(id.as_str())), ("partNumber", Some("1")));
    for (operation, method, key, query, body, succeeds) in [
        (Operation::HeadBucket, Method::HEAD, "", &[][..], "", 200),
        (Operation::CreateBucket, Method::PUT, "", &[], "", 200),
        (Operation::ListObjects, Method::GET, "", &[("prefix", Some("a"))], "", 200),
        (Operation::ListMultipartUploads, Method::GET, "", &[("uploads", None)], "", 200),
        (Operation::InitiateMultipartUpload, Method::POST, "c.bin", &[("uploads", None)], "", 200),
        (Operation::UploadPart, Method::PUT, "b.bin", &[part, id], "other", 200),
        (Operation::UploadPart, Method::PUT, "b.bin", &[part, id], "12345", 200),
        (Operation::ListParts, Method::GET, "b.bin", &[id], "", 200),
        (Operation::AbortMultipartUpload, Method::DELETE, "b.bin", &[id], "", 204),
        (Operation::CompleteMultipartUpload, Method::POST, "b.bin", &[id], &list, 404),
        (Operation::CopyObject, Method::PUT, "b.bin", &[], "", 501),
        (Operation::HeadObject, Method::HEAD, "a.bin", &[], "", 200),
        (Operation::DeleteObject, Method::DELETE, "a.bin", &[], "", 204),
    ] {
        let status = FaultKind::Status { status: 507, shape: None, code: None };
        caller.emulator.faults().add(Fault::new(operation, status).times(1)).unwrap();
        let copy = [("x-obs-copy-source", "/emulator-bucket/a.bin")];
        let headers = if operation == Operation::CopyObject { &copy[..] } else { &[] };
        for expected in [507, succeeds] {
            let answer = caller.obs_query(method.clone(), key, query, headers, body.to_owned()).await;
            assert_eq!(answer.status().as_u16(), expected, "{operation}");
        }
        let told = caller.emulator.requests().pop().unwrap();
        assert_eq!((told.operation, told.status), (Some(operation), Some(succeeds)), "{operation}");
    }
}

#[tokio::test]
async fn a_bucket_in_the_host_makes_no_difference_to_faults() {
    let caller = Caller::of(Emulator::builder().allow_host("example.com").start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    caller.emulator.faults().add("get_object:status:status=507".parse().unwrap()).unwrap();
    for host in ["emulator-bucket.localhost", "emulator-bucket.example.com", "obs.example.com"] {
        let in_path = if host.starts_with("obs") { "/emulator-bucket" } else { "" };
        let headers = caller.signed(&Method::GET, "a.bin", &[("host", host)]);
        let url = format!("{}{in_path}/a.bin", caller.emulator.obs_endpoint());
        let answer = caller.http.get(url).headers(headers).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 507, "{host}");
    }
}

#[tokio::test]
async fn a_delayed_request_holds_up_no_other() {
    let caller = with(&["create_ota_package:delay:for=60s"]).await;
    let (http, url, token) = (caller.http.clone(), caller.packages_url(), caller.emulator.token().to_owned());
    let create = http.post(url).json(&minimal("a.bin")).header("X-Auth-Token", token);
    let delayed = tokio::spawn(create.send());
    while caller.emulator.faults().list()[0].hits == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&caller).await, 0);
    assert!(!delayed.is_finished());
    caller.emulator.shutdown().await;
    delayed.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_expired_token_stays_expired_and_a_new_one_works() {
    let caller = with(&["iotda:expire:times=1"]).await;
    assert_eq!(count(&caller).await, 0, "the fixed token cannot expire");
    let url = format!("{}{LIST}", caller.emulator.endpoint());
    let token = new_token(&caller).await;
    for _ in 0..2 {
        let answer = read(caller.http.get(&url).header("X-Auth-Token", &token).send().await.unwrap()).await;
        assert_eq!(code(&answer), (401, "APIGW.0301"));
    }
    let token = new_token(&caller).await;
    assert_eq!(caller.http.get(&url).header("X-Auth-Token", &token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn temporary_keys_expire_on_both_ports() {
    let caller = with(&["iotda:expire:times=1", "obs:expire:skip=1,times=1"]).await;
    let key = temporary_key(&caller).await;
    let answer = read(signed(&caller, &key, Scheme::Derived, &Method::GET, LIST, "").send().await.unwrap()).await;
    assert_eq!(code(&answer), (401, "APIGW.0301"));
    let key = temporary_key(&caller).await;
    assert_eq!(caller.obs_as(&key, Method::GET, "a.bin").await.status(), 200);
    assert_eq!(caller.obs_as(&key, Method::GET, "a.bin").await.status(), 403);
    let permanent = Key::of(&caller);
    assert_eq!(caller.obs_as(&permanent, Method::GET, "a.bin").await.status(), 200);
}

#[tokio::test]
async fn counts_are_told() {
    let caller = with(&[]).await;
    let kind = FaultKind::CloseAfterCommit { reset: false };
    let fault = Fault::new(Operation::CreateOtaPackage, kind).skip(1).times(1);
    let id = caller.emulator.faults().add(fault.clone()).unwrap();
    for succeeds in [true, false, true] {
        assert_eq!(try_create(&caller).await.is_ok(), succeeds);
    }
    let active = caller.emulator.faults().list().remove(0);
    assert_eq!((active.id, active.matched, active.hits), (id, 3, 1));
    assert_eq!(active.fault, fault);
    assert_eq!(count(&caller).await, 3);
}

#[tokio::test]
async fn a_faulty_emulator_stops_at_once() {
    let emulator = Emulator::builder().start().await.unwrap();
    emulator.faults().add("*:delay:for=1000s".parse().unwrap()).unwrap();
    let caller = Caller::of(emulator);
    let request = caller.http.get(format!("{}{LIST}", caller.emulator.endpoint()));
    let waiting = tokio::spawn(request.send());
    while caller.emulator.faults().list()[0].hits == 0 {
        tokio::task::yield_now().await;
    }
    caller.emulator.shutdown().await;
    assert!(waiting.await.unwrap().is_ok());
}
