//! What keeps strangers out: web pages, paths that lead elsewhere, control calls that are switched off.

use std::fs;

use http::Method;
use iotda_ota_emulator::Emulator;

use crate::client::{Caller, code, read};
use crate::raw;

#[tokio::test]
async fn a_web_page_cannot_use_any_port() {
    let caller = Caller::new().await;
    let health = format!("{}/emulator/health", caller.emulator.endpoint());
    let reset = format!("{}/emulator/reset", caller.emulator.endpoint());
    for (request, expected) in [
        (caller.http.get(&health).header("Host", "rebound.example.com"), "EMULATOR.UNKNOWN_HOST"),
        (caller.http.post(&reset).header("Host", "rebound.example.com:8790"), "EMULATOR.UNKNOWN_HOST"),
        (caller.http.post(&reset).header("Origin", "https://example.com"), "EMULATOR.FOREIGN_ORIGIN"),
        (caller.http.post(&reset).header("Origin", "null"), "EMULATOR.FOREIGN_ORIGIN"),
        (caller.http.get(&health).header("Sec-Fetch-Site", "cross-site"), "EMULATOR.FOREIGN_ORIGIN"),
        (caller.http.get(caller.packages_url()).header("Origin", "https://example.com"), "EMULATOR.FOREIGN_ORIGIN"),
    ] {
        assert_eq!(code(&read(request.send().await.unwrap()).await), (403, expected));
    }
    for (header, code) in [
        (("origin", "https://example.com"), "EMULATOR.FOREIGN_ORIGIN"),
        (("sec-fetch-site", "cross-site"), "EMULATOR.FOREIGN_ORIGIN"),
        (("host", "rebound.example.com"), "EMULATOR.UNKNOWN_HOST"),
    ] {
        let obs = caller.obs(Method::GET, "a.bin", &[header], "").await;
        assert_eq!(obs.status(), 403);
        assert!(obs.text().await.unwrap().contains(&format!("<Code>{code}</Code>")), "{header:?}");
    }
    let own = caller.http.get(&health).header("Origin", "http://localhost:3000").send().await.unwrap();
    assert_eq!(own.status(), 200);
    assert!(!own.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_refused_upload_is_read_and_leaves_nothing() {
    let caller = Caller::new().await;
    let url = format!("{}/{}/a.bin", caller.emulator.obs_endpoint(), caller.emulator.bucket());
    let request = caller.http.put(url).headers(caller.signed(&Method::PUT, "a.bin", &[]));
    let answer = request.header("Origin", "null").body(vec![0; 4 << 20]).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(caller.obs(Method::HEAD, "a.bin", &[], "").await.status(), 404);
}

#[tokio::test]
async fn names_that_are_allowed_are_answered() {
    let caller = Caller::of(Emulator::builder().allow_host("emulator.test").start().await.unwrap());
    let health = format!("{}/emulator/health", caller.emulator.endpoint());
    for (host, status) in [("emulator.test:8790", 200), ("obs.emulator.test", 200), ("other.test", 403)] {
        let answer = caller.http.get(&health).header("Host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
}

#[tokio::test]
async fn control_calls_can_be_switched_off() {
    let caller = Caller::of(Emulator::builder().control(false).start().await.unwrap());
    for (method, path, body) in [
        (Method::GET, "faults", ""),
        (Method::POST, "faults", r#"{"operation": "*", "fault": "cut"}"#),
        (Method::DELETE, "faults", ""),
        (Method::DELETE, "faults/1", ""),
        (Method::GET, "requests", ""),
        (Method::DELETE, "requests", ""),
        (Method::GET, "dump", ""),
        (Method::POST, "load", r#"{"object": {"key": "loaded.bin", "text": "firmware"}}"#),
        (Method::POST, "reset", ""),
    ] {
        let url = format!("{}/emulator/{path}", caller.emulator.endpoint());
        let request = caller.http.request(method.clone(), url).body(body);
        assert_eq!(code(&read(request.send().await.unwrap()).await), (404, "APIGW.0101"), "{method} {path}");
    }
    assert_eq!(caller.obs(Method::HEAD, "loaded.bin", &[], "").await.status(), 404);
    assert!(caller.emulator.faults().list().is_empty());
    let url = format!("{}/emulator/health", caller.emulator.endpoint());
    assert_eq!(caller.http.get(url).send().await.unwrap().status(), 200);
    caller.emulator.faults().add("*:cut".parse().unwrap()).unwrap();
    assert_eq!(caller.emulator.faults().list().len(), 1, "the library still can");
}

#[tokio::test]
async fn no_bucket_or_key_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b/data");
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    let before = fs::read_dir(&data).unwrap().count();
    let paths = [
        "/../x.bin",
        "/../../../../x.bin",
        "/%2e%2e/%2e%2e/x.bin",
        "/..%2f..%2fx.bin/k",
        "/emulator-bucket/../../x.bin",
        "/emulator-bucket/%2e%2e%2f%2e%2e%2fx.bin",
        "/emulator-bucket/..%5c..%5cx.bin",
        "/emulator-bucket//etc/x.bin",
        "/emulator-bucket/%00x.bin",
        "/emulator-bucket/objects/../../emulator.db",
    ];
    for path in paths {
        let decoded = percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned();
        let key = decoded.strip_prefix("/emulator-bucket/").unwrap_or(&decoded).to_owned();
        let headers: String = caller
            .signed(&Method::PUT, &key, &[])
            .iter()
            .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
            .collect();
        let put = format!(
            "PUT {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}content-length: 7\r\n\r\nescaped"
        );
        let (answer, _) = raw::exchange(caller.emulator.obs_endpoint(), &put).await;
        let in_bucket = path.starts_with("/emulator-bucket/");
        assert!(answer.starts_with("HTTP/1.1 200") == in_bucket, "{path}: {answer}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(&data).unwrap().count(), before);
}
