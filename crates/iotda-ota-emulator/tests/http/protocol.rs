//! What holds for every call of the IoTDA port: authentication, paths, media types, sizes.

use http::Method;
use serde_json::{Value, json};

use crate::client::{Caller, code, minimal, read};

#[tokio::test]
async fn refuses_a_missing_or_wrong_token() {
    let caller = Caller::new().await;
    let url = format!("{}?package_type=firmwarePackage", caller.packages_url());
    let missing = read(caller.http.get(&url).send().await.unwrap()).await;
    assert_eq!(code(&missing), (401, "IOTDA.000002"));
    let wrong = caller.http.get(&url).header("X-Auth-Token", "fake");
    let wrong = read(wrong.send().await.unwrap()).await;
    assert_eq!(code(&wrong), (401, "APIGW.0301"));
    assert!(wrong.1["error_msg"].as_str().unwrap().contains("decrypt token fail"));
}

#[tokio::test]
async fn refuses_another_project() {
    let caller = Caller::new().await;
    let url = format!("{}/v5/iot/other/ota-upgrades/packages", caller.emulator.endpoint());
    let answer = caller.send(caller.http.get(url)).await;
    assert_eq!(code(&answer), (403, "EMULATOR.PROJECT_MISMATCH"));
}

#[tokio::test]
async fn refuses_unknown_paths_and_methods() {
    let caller = Caller::new().await;
    let unknown = caller.http.get(format!("{}/v5/nothing", caller.emulator.endpoint()));
    assert_eq!(code(&caller.send(unknown).await), (404, "APIGW.0101"));

    let put = caller.http.put(caller.packages_url()).send().await.unwrap();
    assert_eq!(put.headers()["allow"], "GET,HEAD,POST");
    assert_eq!(code(&read(put).await), (405, "EMULATOR.METHOD_NOT_ALLOWED"));
    for (method, path, allowed) in [
        (Method::GET, "/emulator/reset", "POST"),
        (Method::GET, "/emulator/load", "POST"),
        (Method::OPTIONS, "/emulator/dump", "GET,HEAD"),
        (Method::POST, "/emulator/health", "GET,HEAD"),
        (Method::PATCH, "/v3/auth/tokens", "POST"),
    ] {
        let url = format!("{}{path}", caller.emulator.endpoint());
        let answer = caller.http.request(method, url).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allowed, "{path}");
        assert_eq!(code(&read(answer).await), (405, "EMULATOR.METHOD_NOT_ALLOWED"), "{path}");
    }
}

#[tokio::test]
async fn checks_the_instance_id() {
    let caller = Caller::new().await;
    let url = format!("{}?package_type=firmwarePackage", caller.packages_url());
    let good = caller.http.get(&url).header("Instance-Id", "8a1b-2c");
    assert_eq!(caller.send(good).await.0, 200);
    let long = caller.http.get(&url).header("Instance-Id", "i".repeat(37));
    assert_eq!(code(&caller.send(long).await), (400, "IOTDA.000006"));
}

#[tokio::test]
async fn refuses_what_is_not_json() {
    let caller = Caller::new().await;
    let post = |media_type: &'static str, body: &'static [u8]| {
        let request = caller.http.post(caller.packages_url()).body(body);
        request.header("Content-Type", media_type)
    };
    for request in [
        post("application/json", b"{"),
        post("application/json", b""),
        post("application/json", b"[]"),
        post("application/json", b"\xff\xfe"),
        post("text/plain", b"{}"),
    ] {
        assert_eq!(code(&caller.send(request).await), (400, "IOTDA.000008"));
    }
    let charset = post("Application/JSON; charset=utf-8", b"{}");
    assert_eq!(code(&caller.send(charset).await), (400, "IOTDA.000006"));
}

#[tokio::test]
async fn accepts_a_body_without_a_media_type() {
    let caller = Caller::new().await;
    let body = minimal("a.bin").to_string();
    let answer = caller.send(caller.http.post(caller.packages_url()).body(body)).await;
    assert_eq!(code(&answer), (400, "EMULATOR.OBS_OBJECT_NOT_FOUND"));
}

#[tokio::test]
async fn refuses_a_body_that_is_too_large() {
    let caller = Caller::new().await;
    let mut body = minimal("a.bin");
    body["description"] = json!("x".repeat(2 << 20));
    let declared = caller.create(&body).await;
    assert_eq!(code(&declared), (413, "EMULATOR.BODY_TOO_LARGE"));

    let chunks = (0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1 << 16]));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let undeclared = caller.send(caller.http.post(caller.packages_url()).body(stream)).await;
    assert_eq!(code(&undeclared), (413, "EMULATOR.BODY_TOO_LARGE"));
}

#[tokio::test]
async fn reports_its_health_without_a_token() {
    let caller = Caller::new().await;
    let url = format!("{}/emulator/health", caller.emulator.endpoint());
    let (status, body): (u16, Value) = read(caller.http.get(url).send().await.unwrap()).await;
    assert_eq!((status, &body["status"]), (200, &json!("ready")));
    assert_eq!(body["strict"], false);
}
