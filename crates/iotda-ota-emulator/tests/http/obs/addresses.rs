//! The forms of a request: path style and virtual-host style, the service's names and the AWS-style ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use iotda_ota_emulator::{Builder, Emulator};
use sha1::Sha1;

use super::{is, refused};
use crate::client::{Caller, now};

/// The headers of a request with AWS-style names; `lines` are its signed headers, `resource` is what is signed last.
fn aws(caller: &Caller, method: &Method, lines: &[(&str, &str)], resource: &str) -> http::HeaderMap {
    let date = now();
    let signed: String = lines.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let text = format!("{method}\n\n\n{date}\n{signed}{resource}");
    let secret = caller.emulator.secret_access_key();
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let authorization = format!("AWS {}:{signature}", caller.emulator.access_key_id());
    let mut headers = http::HeaderMap::new();
    for (name, value) in lines.iter().chain(&[("date", date.as_str()), ("authorization", &authorization)]) {
        headers.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    headers
}

/// A caller of an emulator that also answers for names that others could own.
async fn reachable() -> Caller {
    let names = ["emulator", "example.com", "emulator.docker.internal"];
    let builder = names.into_iter().fold(Emulator::builder(), Builder::allow_host);
    Caller::of(builder.start().await.unwrap())
}

#[tokio::test]
async fn a_bucket_in_the_host_is_the_same_as_one_in_the_path() {
    let caller = reachable().await;
    let base = caller.emulator.obs_endpoint();
    for host in
        ["emulator-bucket.localhost:8791", "emulator-bucket.obs.emulator-1.example.com", "emulator-bucket.example.com"]
    {
        let headers = caller.signed(&Method::PUT, "fw/a.bin", &[("host", host)]);
        let put = caller.http.put(format!("{base}/fw/a.bin")).headers(headers).body("bytes").send().await.unwrap();
        assert_eq!(put.status().as_u16(), 200, "{host}");
        let get = caller.obs(Method::GET, "fw/a.bin", &[], "").await;
        assert_eq!(get.text().await.unwrap(), "bytes", "{host}");
        let headers = caller.signed(&Method::DELETE, "fw/a.bin", &[("host", host)]);
        let delete = caller.http.delete(format!("{base}/fw/a.bin")).headers(headers).send().await.unwrap();
        assert_eq!(delete.status().as_u16(), 204, "{host}");

        let headers = caller.signed(&Method::HEAD, "", &[("host", host)]);
        let head = caller.http.head(format!("{base}/")).headers(headers).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200, "{host}");
    }
}

#[tokio::test]
async fn a_host_that_names_no_bucket_leaves_it_to_the_path() {
    let caller = reachable().await;
    for host in ["localhost:8791", "emulator", "obs.emulator-1.example.com", "emulator.docker.internal:8791"] {
        let head = caller.obs(Method::HEAD, "", &[("host", host)], "").await;
        assert_eq!(head.status().as_u16(), 200, "{host}");
    }
    let headers = caller.signed(&Method::GET, "a.bin", &[("host", "missing.localhost")]);
    let url = format!("{}/a.bin", caller.emulator.obs_endpoint());
    let missing = caller.http.get(url).headers(headers).send().await.unwrap();
    assert_eq!(refused(missing).await, is(403, "SignatureDoesNotMatch"));
}

#[tokio::test]
async fn the_version_question_is_answered_for_hosts_and_for_the_whole_service() {
    let caller = Caller::new().await;
    let url = format!("{}/?apiversion", caller.emulator.obs_endpoint());
    for (host, status) in [("localhost", 200), ("emulator-bucket.localhost", 200), ("missing.localhost", 404)] {
        let answer = caller.http.head(&url).header("host", host).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host}");
        assert_eq!(answer.headers().get("x-obs-api").is_some(), status == 200, "{host}");
    }
}

#[tokio::test]
async fn the_aws_style_names_are_as_good_as_the_services_own() {
    let caller = Caller::new().await;
    let url = format!("{}/emulator-bucket/a.bin", caller.emulator.obs_endpoint());
    let sha256 = ("x-amz-content-sha256", super::SHA256);
    let headers = aws(&caller, &Method::PUT, &[sha256, ("x-amz-meta-version", "V2.0")], "/emulator-bucket/a.bin");
    let put = caller.http.put(&url).headers(headers.clone()).body(super::BYTES).send().await.unwrap();
    assert_eq!(put.status().as_u16(), 200);
    let wrong = caller.http.put(&url).headers(headers).body("other").send().await.unwrap();
    assert_eq!(refused(wrong).await, is(400, "EMULATOR.ContentSha256Mismatch"));

    let headers = aws(&caller, &Method::HEAD, &[], "/emulator-bucket/a.bin");
    let head = caller.http.head(&url).headers(headers).send().await.unwrap();
    assert_eq!(head.headers()["x-amz-meta-version"], "V2.0");
    assert_eq!(head.headers()["x-amz-request-id"], head.headers()["x-obs-request-id"]);
    assert!(!head.headers().contains_key("x-obs-meta-version"));
    let own = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert_eq!(own.headers()["x-obs-meta-version"], "V2.0");
}

#[tokio::test]
async fn a_signed_bucket_may_have_no_slash_at_its_end() {
    let caller = Caller::new().await;
    for resource in ["/emulator-bucket", "/emulator-bucket/"] {
        let headers = aws(&caller, &Method::HEAD, &[], resource);
        let url = format!("{}/emulator-bucket", caller.emulator.obs_endpoint());
        let head = caller.http.head(url).headers(headers).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200, "{resource}");
    }
}

#[tokio::test]
async fn headers_of_the_other_kind_do_not_count() {
    let caller = Caller::new().await;
    let url = format!("{}/emulator-bucket/a.bin", caller.emulator.obs_endpoint());
    let mut headers = aws(&caller, &Method::PUT, &[], "/emulator-bucket/a.bin");
    headers.insert("x-obs-meta-smuggled", "unsigned".parse().unwrap());
    headers.insert("x-obs-content-sha256", "0".repeat(64).parse().unwrap());
    let put = caller.http.put(&url).headers(headers).body("bytes").send().await.unwrap();
    assert_eq!(put.status().as_u16(), 200);
    let head = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert!(!head.headers().contains_key("x-obs-meta-smuggled"));
}
