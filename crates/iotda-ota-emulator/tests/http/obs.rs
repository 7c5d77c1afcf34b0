//! The OBS port: objects, checksums, signatures.

mod addresses;
mod bucket;
mod multipart;
mod ranges;
mod storage;

use http::Method;

use crate::client::{Caller, now};
use crate::raw;

const MD5: &str = "ab4fmvxBd+pVmtLeozHQcw==";
const SHA256: &str = "b3d2053151449418946eb62009c05bc3fe73d300341648fe09b3e0855baa4e87";
const BYTES: &str = "firmware-bytes";

/// The status and the error code of a refusal.
async fn refused(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("x-obs-request-id"));
    let body = response.text().await.unwrap();
    for element in ["<Message>", "<Resource>", "<RequestId>", "<HostId>"] {
        assert!(body.contains(element), "{body}");
    }
    let code = body.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0;
    (status, code.to_owned())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn stores_and_returns_an_object_with_its_metadata() {
    let caller = Caller::new().await;
    let headers = [
        ("content-type", "application/x-firmware"),
        ("content-md5", MD5),
        ("x-obs-content-sha256", SHA256),
        ("x-obs-meta-version", "V2.0"),
    ];
    let put = caller.obs(Method::PUT, "bbb/upgrade.bin", &headers, BYTES).await;
    assert_eq!(put.status().as_u16(), 200);
    assert_eq!(put.headers()["etag"], "\"69be1f9afc4177ea559ad2dea331d073\"");

    for method in [Method::HEAD, Method::GET] {
        let answer = caller.obs(method.clone(), "bbb/upgrade.bin", &[], "").await;
        assert_eq!(answer.status().as_u16(), 200);
        let headers = answer.headers();
        assert_eq!(headers["content-length"], "14");
        assert_eq!(headers["content-type"], "application/x-firmware");
        assert_eq!(headers["etag"], "\"69be1f9afc4177ea559ad2dea331d073\"");
        assert_eq!(headers["x-obs-meta-version"], "V2.0");
        assert!(headers["last-modified"].to_str().unwrap().ends_with(" GMT"));
        let expected = if method == Method::GET { BYTES } else { "" };
        assert_eq!(answer.text().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn replaces_and_deletes_an_object() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"old").await;
    caller.upload("a.bin", b"new bytes").await;
    let answer = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(answer.text().await.unwrap(), "new bytes");

    for _ in 0..2 {
        let answer = caller.obs(Method::DELETE, "a.bin", &[], "").await;
        assert_eq!(answer.status().as_u16(), 204);
    }
    let gone = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(refused(gone).await, is(404, "NoSuchKey"));
    let gone = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert_eq!(gone.status().as_u16(), 404);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let caller = Caller::new().await;
    let put = caller.obs(Method::PUT, "empty.bin", &[("content-length", "0")], "").await;
    assert_eq!(put.status().as_u16(), 200);
    let answer = caller.obs(Method::HEAD, "empty.bin", &[], "").await;
    assert_eq!(answer.headers()["content-length"], "0");
}

#[tokio::test]
async fn streams_a_larger_object_unchanged() {
    let caller = Caller::new().await;
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let put = caller.obs(Method::PUT, "large.bin", &[], bytes.clone()).await;
    assert_eq!(put.status().as_u16(), 200);
    let answer = caller.obs(Method::GET, "large.bin", &[], "").await;
    assert_eq!(answer.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn refuses_a_body_that_differs_from_its_checksum() {
    let caller = Caller::new().await;
    let md5 = caller.obs(Method::PUT, "a.bin", &[("content-md5", MD5)], "other").await;
    assert_eq!(refused(md5).await, is(400, "BadDigest"));
    let sha256 = [("x-obs-content-sha256", SHA256)];
    let sha256 = caller.obs(Method::PUT, "a.bin", &sha256, "other").await;
    assert_eq!(refused(sha256).await, is(400, "EMULATOR.ContentSha256Mismatch"));
    for header in [("content-md5", "short"), ("x-obs-content-sha256", "short")] {
        let malformed = caller.obs(Method::PUT, "a.bin", &[header], "other").await;
        assert_eq!(refused(malformed).await, is(400, "InvalidArgument"));
    }
    let nothing = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert_eq!(nothing.status().as_u16(), 404);
}

#[tokio::test]
async fn refuses_wrong_credentials() {
    let caller = Caller::new().await;
    let url = format!("{}/emulator-bucket/a.bin", caller.emulator.obs_endpoint());
    let get = |authorization: Option<&str>, date: &str| {
        let mut request = caller.http.get(&url).header("date", date);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.send()
    };
    let (unknown, wrong) =
        ("OBS SOMEBODY:AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "OBS EMULATOR-ACCESS-KEY:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let now = now();
    let cases = [
        (None, now.as_str(), "AccessDenied"),
        (Some("AWS4-HMAC-SHA256 Credential=x"), &now, "AccessDenied"),
        (Some(unknown), &now, "InvalidAccessKeyId"),
        (Some(wrong), &now, "SignatureDoesNotMatch"),
        (Some(wrong), "Sat, 11 Feb 2023 12:12:12 GMT", "RequestTimeTooSkewed"),
        (Some(wrong), "yesterday", "AccessDenied"),
    ];
    for (authorization, date, code) in cases {
        let answer = get(authorization, date).await.unwrap();
        assert_eq!(refused(answer).await, is(403, code), "{authorization:?} {date}");
    }
    let mismatch = get(Some(wrong), &now).await.unwrap().text().await.unwrap();
    let expected = format!("GET\n\n\n{now}\n/emulator-bucket/a.bin");
    assert!(mismatch.contains(&expected), "{mismatch}");
}

#[tokio::test]
async fn a_refused_upload_is_answered_after_all_its_bytes() {
    let caller = Caller::new().await;
    let url = format!("{}/emulator-bucket/a.bin", caller.emulator.obs_endpoint());
    let put = caller.http.put(url).body(vec![0; 20 << 20]).send().await.unwrap();
    assert_eq!(refused(put).await, is(403, "AccessDenied"));
}

#[tokio::test]
async fn knows_its_bucket_and_no_other() {
    let caller = Caller::new().await;
    let exists = caller.obs(Method::HEAD, "", &[], "").await;
    assert_eq!(exists.status().as_u16(), 200);

    let base = caller.emulator.obs_endpoint();
    let head = caller.http.head(format!("{base}/emulator-bucket?apiversion"));
    let version = head.send().await.unwrap();
    assert_eq!((version.status().as_u16(), &version.headers()["x-obs-api"]), (200, &"3.0".parse().unwrap()));
    let other = caller.http.head(format!("{base}/other?apiversion")).send().await.unwrap();
    assert_eq!(other.status().as_u16(), 404);
}

#[tokio::test]
async fn refuses_what_it_does_not_have() {
    let caller = Caller::new().await;
    let post = caller.obs(Method::POST, "a.bin", &[], "").await;
    assert_eq!(refused(post).await, is(405, "MethodNotAllowed"));
    let delete = caller.obs(Method::DELETE, "", &[], "").await;
    assert_eq!(refused(delete).await, is(501, "ServiceNotImplemented"));
    let acl = caller.obs_query(Method::GET, "a.bin", &[("acl", None)], &[], "").await;
    assert_eq!(refused(acl).await, is(501, "ServiceNotImplemented"));
    let copy = [("x-obs-copy-source", "/emulator-bucket/b.bin")];
    let copy = caller.obs(Method::PUT, "a.bin", &copy, "").await;
    assert_eq!(refused(copy).await, is(501, "ServiceNotImplemented"));
    let long = caller.obs(Method::PUT, &"k".repeat(1025), &[], "").await;
    assert_eq!(refused(long).await, is(400, "KeyTooLongError"));

    let head = head(&caller, &Method::PUT, "/emulator-bucket/a.bin", "a.bin");
    let answer = raw::obs(&caller, &format!("{head}\r\n"), false).await;
    assert!(answer.starts_with("HTTP/1.1 411") && answer.contains("MissingContentLength"), "{answer}");
}

#[tokio::test]
async fn a_body_in_chunks_of_unknown_length_is_stored() {
    let caller = Caller::new().await;
    let chunks = futures_util::stream::iter(["firmware", "-bytes"].map(Ok::<_, std::io::Error>));
    let headers = [("x-obs-content-sha256", SHA256)];
    let put = caller.obs(Method::PUT, "a.bin", &headers, reqwest::Body::wrap_stream(chunks)).await;
    assert_eq!(put.status().as_u16(), 200);
    let answer = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(answer.text().await.unwrap(), BYTES);
}

fn head(caller: &Caller, method: &Method, path: &str, key: &str) -> String {
    let headers: String = caller
        .signed(method, key, &[])
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
        .collect();
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}")
}

#[tokio::test]
async fn dots_and_slashes_in_a_key_are_characters() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let emulator = iotda_ota_emulator::Emulator::builder().data_dir(&data);
    let caller = Caller::of(emulator.start().await.unwrap());
    let path = "/emulator-bucket/../..//escaped.bin";
    let put = head(&caller, &Method::PUT, path, "../..//escaped.bin");
    let answer = raw::obs(&caller, &format!("{put}content-length: 5\r\n\r\nbytes"), false).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let get = head(&caller, &Method::GET, path, "../..//escaped.bin");
    let answer = raw::obs(&caller, &format!("{get}\r\n"), false).await;
    assert!(answer.ends_with("bytes"), "{answer}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = iotda_ota_emulator::Emulator::builder().data_dir(folder.path());
    let caller = Caller::of(emulator.start().await.unwrap());
    let put = head(&caller, &Method::PUT, "/emulator-bucket/a.bin", "a.bin");
    raw::obs(&caller, &format!("{put}content-length: 500\r\n\r\nbytes"), true).await;
    let answer = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert_eq!(answer.status().as_u16(), 404);
    caller.emulator.shutdown().await;
    for name in ["incoming", "objects"] {
        assert_eq!(std::fs::read_dir(folder.path().join(name)).unwrap().count(), 0, "{name}");
    }
}
