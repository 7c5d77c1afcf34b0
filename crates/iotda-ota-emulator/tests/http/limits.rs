//! Bounds of sizes and numbers, the default ones and others.

use std::time::Duration;

use http::Method;
use iotda_ota_emulator::{Emulator, StartError};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Caller, code, minimal, read};
use crate::raw;

#[tokio::test]
async fn a_body_limit_can_be_another() {
    let caller = Caller::of(Emulator::builder().max_body_bytes(300).start().await.unwrap());
    assert_eq!(code(&caller.create(&minimal("a.bin")).await), (400, "EMULATOR.OBS_OBJECT_NOT_FOUND"));
    let mut body = minimal("a.bin");
    body["description"] = json!("x".repeat(300));
    let answer = caller.create(&body).await;
    assert_eq!(code(&answer), (413, "EMULATOR.BODY_TOO_LARGE"));
    assert!(answer.1["error_msg"].as_str().unwrap().contains("300 bytes"));
}

#[tokio::test]
async fn a_file_to_load_has_a_limit_of_its_own() {
    let line = json!({"object": {"key": "a.bin", "text": "firmware"}}).to_string();
    let builder = Emulator::builder().max_body_bytes(1).max_load_bytes(line.len() as u64);
    let caller = Caller::of(builder.start().await.unwrap());
    let url = format!("{}/emulator/load", caller.emulator.endpoint());
    let load = |body: reqwest::Body| caller.http.post(&url).body(body).send();
    assert_eq!(load(line.clone().into()).await.unwrap().status(), 200);

    let longer = format!("{line}\n");
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(longer.clone())]);
    for body in [longer.into(), reqwest::Body::wrap_stream(chunks)] {
        let answer = read(load(body).await.unwrap()).await;
        assert_eq!(code(&answer), (413, "EMULATOR.BODY_TOO_LARGE"));
        assert!(answer.1["error_msg"].as_str().unwrap().contains(&format!("{} bytes", line.len())));
    }
    assert_eq!(caller.obs(Method::HEAD, "a.bin", &[], "").await.status(), 200, "what was loaded is still there");
}

#[tokio::test]
async fn limits_with_which_nothing_works_are_refused() {
    let builder = Emulator::builder;
    for (builder, flag) in [
        (builder().max_body_bytes(0), "--max-body"),
        (builder().max_head_bytes(10), "--max-head"),
        // A longer address would be refused by the HTTP library, with another status.
        (builder().max_head_bytes(200_000), "--max-head"),
        (builder().max_connections(0), "--max-connections"),
        (builder().max_page(0), "--max-page"),
    ] {
        let error = builder.start().await.unwrap_err();
        assert!(matches!(error, StartError::Limit { .. }), "{error:?}");
        assert!(error.to_string().starts_with(flag), "{error}");
    }
}

#[tokio::test]
async fn the_bounds_of_pages_can_be_others() {
    let caller = Caller::of(Emulator::builder().max_page(100).max_offset(0).start().await.unwrap());
    assert_eq!(caller.list("package_type=firmwarePackage&limit=100").await.0, 200);
    assert_eq!(code(&caller.list("package_type=firmwarePackage&limit=101").await), (400, "IOTDA.000017"));
    assert_eq!(code(&caller.list("package_type=firmwarePackage&offset=1").await), (400, "IOTDA.000006"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let caller = Caller::new().await;
    let many: String = (0..101).map(|number| format!("x-{number}: 1\r\n")).collect();
    let path = "/emulator/health";
    for (path, header) in [
        (path, &*format!("x-long: {}\r\n", "x".repeat(70 << 10))),
        (path, &*many),
        (&*format!("/{}", "x".repeat(65_535)), ""),
        (&*format!("/{}", "x".repeat(300_000)), ""),
    ] {
        for endpoint in [caller.emulator.endpoint(), caller.emulator.obs_endpoint()] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{header}\r\n");
            let mut stream = raw::connect(endpoint).await;
            // The server may have answered and closed before everything was sent.
            let _ = stream.write_all(request.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
        }
    }
    let caller = Caller::of(Emulator::builder().max_head_bytes(300).start().await.unwrap());
    let request = raw::list(&caller).replace("host:", &format!("x-long: {}\r\nhost:", "x".repeat(300)));
    let (answer, _) = raw::exchange(caller.emulator.endpoint(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let caller = Caller::of(Emulator::builder().max_connections(2).start().await.unwrap());
    let head = "HEAD /emulator-bucket?apiversion HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    for (endpoint, request) in
        [(caller.emulator.endpoint(), raw::list(&caller)), (caller.emulator.obs_endpoint(), head.to_owned())]
    {
        let idle = [raw::connect(endpoint).await, raw::connect(endpoint).await];
        let mut third = raw::connect(endpoint).await;
        third.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_millis(300), third.read_buf(&mut answer)).await;
        assert!(read.is_err(), "the other two have the places");
        drop(idle);
        third.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn a_limit_of_connections_may_be_as_large_as_anybody_likes() {
    let caller = Caller::of(Emulator::builder().max_connections(usize::MAX).start().await.unwrap());
    assert_eq!(caller.list("package_type=firmwarePackage").await.0, 200);
}
