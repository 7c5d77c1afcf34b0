//! What is told about the requests that were sent.

use http::Method;
use iotda_ota_emulator::{Emulator, Operation, Service};
use serde_json::json;

use crate::client::{Caller, minimal, read};
use crate::iam::new_token;

#[tokio::test]
async fn a_program_can_be_asked_for_what_it_sent() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"firmware").await;
    let (_, created) = caller.create(&minimal("a.bin")).await;
    caller.show(created["package_id"].as_str().unwrap()).await;
    caller.list("package_type=firmwarePackage").await;
    let requests = caller.emulator.requests();
    let operations: Vec<_> = requests.iter().map(|request| (request.operation, request.status)).collect();
    let expected = [
        (Operation::PutObject, 200),
        (Operation::CreateOtaPackage, 201),
        (Operation::ShowOtaPackage, 200),
        (Operation::ListOtaPackages, 200),
    ];
    assert_eq!(operations, expected.map(|(operation, status)| (Some(operation), Some(status))));
    let body: serde_json::Value = serde_json::from_slice(&requests[1].body).unwrap();
    assert_eq!(body, minimal("a.bin"));
    assert_eq!((requests[1].service, requests[1].header("x-auth-token")), (Service::Iotda, Some("***")));
    assert_eq!((&requests[0].body[..], requests[0].body_bytes), (&b"firmware"[..], 8));
    assert_eq!(requests[3].query.as_deref(), Some("package_type=firmwarePackage"));
    caller.emulator.clear_requests();
    assert!(caller.emulator.requests().is_empty());
}

#[tokio::test]
async fn the_control_call_tells_the_same() {
    let caller = Caller::new().await;
    let token = new_token(&caller).await;
    let url = format!("{}/emulator/requests", caller.emulator.endpoint());
    let (status, list) = read(caller.http.get(&url).send().await.unwrap()).await;
    assert_eq!(status, 200);
    let text = list.to_string();
    assert!(!text.contains(&token) && !text.contains(caller.emulator.password()), "{text}");
    let request = &list["requests"][0];
    assert_eq!(request["operation"], "create_token");
    assert_eq!(request["status"], 201);
    assert_eq!(request["headers"]["content-type"], "application/json");
    assert!(request["body"].as_str().unwrap().contains("emulator-user"), "{text}");
    assert_eq!(read(caller.http.delete(&url).send().await.unwrap()).await.0, 204);
    assert_eq!(read(caller.http.get(&url).send().await.unwrap()).await.1, json!({"requests": []}));
}

#[tokio::test]
async fn a_request_without_an_answer_is_told_with_its_fault() {
    let caller = Caller::of(Emulator::builder().keep_requests(1).start().await.unwrap());
    caller.list("package_type=softwarePackage").await;
    let id = caller.emulator.faults().add("*:close-before".parse().unwrap()).unwrap();
    let url = format!("{}/{}/a.bin", caller.emulator.obs_endpoint(), caller.emulator.bucket());
    let headers = caller.signed(&Method::GET, "a.bin", &[]);
    assert!(caller.http.get(url).headers(headers).send().await.is_err());
    let requests = caller.emulator.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].operation, requests[0].status), (Some(Operation::GetObject), None));
    assert_eq!((requests[0].number, &requests[0].faults), (2, &vec![id]));
}

#[tokio::test]
async fn bodies_of_requests_without_an_answer_count_as_well() {
    let caller = Caller::of(Emulator::builder().keep_requests(usize::MAX).start().await.unwrap());
    caller.emulator.faults().add("*:close-after-commit".parse().unwrap()).unwrap();
    let body = vec![b' '; 16 << 10];
    for _ in 0..600 {
        assert!(caller.http.post(caller.packages_url()).body(body.clone()).send().await.is_err());
    }
    let requests = caller.emulator.requests();
    let bytes: usize = requests.iter().map(|request| request.body.len()).sum();
    assert!(bytes > 4 << 20 && bytes <= 8 << 20, "{bytes} bytes of {} requests", requests.len());
}
