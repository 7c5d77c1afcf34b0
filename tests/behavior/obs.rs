//! Objects in OBS: upload, head and checksum agree with the bytes, and every refusal names its reason (`refusals`). How
//! long calls may take is in `limits`.

mod limits;
mod refusals;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{
    AccessKey, BoxFuture, Client, Credentials, CredentialsSource, ErrorKind, LocalFile, SourceError, SourceHttp,
};
use support::{Answer, Stub, target};

use crate::{local_file, sha256};

#[tokio::test]
async fn what_is_uploaded_is_stored_byte_by_byte() {
    // More than one block, and not a whole number of them.
    let content: Vec<u8> = (0..3 * 1024 * 1024 + 17_u32).map(|at| (at % 251) as u8).collect();
    let (_folder, path) = local_file("upgrade.bin", &content);
    let target = target().await;
    let obs = target.client().obs().unwrap();
    let file = LocalFile::read(&path).await.unwrap();
    assert_eq!((file.size(), file.checksum().as_str()), (content.len() as u64, sha256(&content).as_str()));
    let uploaded = obs.upload(target.bucket(), "a/b.bin", &path).send().await.unwrap();
    assert_eq!((uploaded.object.size, &uploaded.checksum), (file.size(), file.checksum()));
    let stored = obs.head(target.bucket(), "a/b.bin").await.unwrap();
    assert_eq!(stored.size, content.len() as u64);
    assert!(stored.request_id.is_some());
    assert_eq!(obs.checksum(target.bucket(), "a/b.bin").await.unwrap().as_str(), sha256(&content));
}

#[tokio::test]
async fn an_upload_that_may_replace_replaces_the_object_of_the_key() {
    let target = target().await;
    let obs = target.client().obs().unwrap();
    for content in [&b"first"[..], b"second, and longer"] {
        let (_folder, path) = local_file("upgrade.bin", content);
        target.upload("a.bin", &path).await;
        assert_eq!(obs.head(target.bucket(), "a.bin").await.unwrap().size, content.len() as u64);
        assert_eq!(obs.checksum(target.bucket(), "a.bin").await.unwrap().as_str(), sha256(content));
    }
}

#[tokio::test]
async fn keys_may_hold_any_character() {
    let target = target().await;
    let obs = target.client().obs().unwrap();
    let keys = [
        "a b.bin",
        " a",
        "a\nb\u{1}.bin",
        "固件/升级.bin",
        "a+b%20c.bin",
        "a?b#c&d=e.bin",
        "a//b.bin",
        "~!$'()*,;:@.bin",
        "a\\b\"<>.bin",
    ];
    for (at, key) in keys.iter().enumerate() {
        let (_folder, path) = local_file("upgrade.bin", key.as_bytes());
        target.upload(key, &path).await;
        // Each key is an object of its own, so none was mistaken for another.
        for key in &keys[..=at] {
            let checksum = obs.checksum(target.bucket(), key).await.unwrap();
            assert_eq!(checksum.as_str(), sha256(key.as_bytes()), "{key}");
        }
    }
}

#[tokio::test]
async fn a_key_that_an_address_would_change_is_refused() {
    let target = target().await;
    let obs = target.client().obs().unwrap();
    for key in ["../b/a.bin", "a/./b.bin", "a/.."] {
        let error = obs.head(target.bucket(), key).await.unwrap_err();
        assert!(error.is_invalid(), "{key}: {error:?}");
    }
}

#[tokio::test]
async fn a_missing_object_and_a_missing_bucket_are_told_apart() {
    let target = target().await;
    let obs = target.client().obs().unwrap();
    let error = obs.head(target.bucket(), "nowhere.bin").await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert!(error.to_string().contains("nowhere.bin"), "{error}");
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let error = obs.upload("no-such-bucket", "a.bin", &path).send().await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!(error.error_code(), Some("NoSuchBucket"));
    assert!(error.to_string().contains("no-such-bucket"), "{error}");
}

#[tokio::test]
async fn a_wrong_access_key_is_denied() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    for key in [AccessKey::new("EMULATOR-ACCESS-KEY", "another-secret"), AccessKey::new("NOBODYS-KEY", "fake-secret")] {
        let client = target.builder().access_key(key).build().unwrap();
        let upload = client.obs().unwrap().upload(target.bucket(), "a.bin", &path).replace(true);
        let error = upload.send().await.unwrap_err();
        assert!(error.is_denied(), "{error:?}");
        assert!(error.error_code().is_some() && error.request_id().is_some() && error.hint().is_some(), "{error:?}");
    }
    let obs = target.client().obs().unwrap();
    assert!(obs.head(target.bucket(), "a.bin").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_error_of_obs_keeps_code_message_and_request_id() {
    let body =
        "<?xml version=\"1.0\"?><Error><Code>InvalidArgument</Code><Message>no &lt;such&gt; thing</Message></Error>";
    let answer = Answer::new(400, body).header("x-obs-request-id", "fake-request-1");
    let stub = Stub::always(answer).await;
    let error = stub.client().obs().unwrap().checksum("abc", "a.bin").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)));
    assert_eq!((error.error_code(), error.error_msg()), (Some("InvalidArgument"), Some("no <such> thing")));
    assert_eq!((error.operation(), error.request_id()), (Some("obs_get_object"), Some("fake-request-1")));
}

#[tokio::test]
async fn content_that_is_cut_off_has_no_checksum() {
    let fixture = serde_json::json!({ "status": 200, "body": "fake firmware", "cut_after": 4 });
    let stub = Stub::always(Answer::from_fixture(&fixture)).await;
    let error = stub.client().obs().unwrap().checksum("abc", "a.bin").await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn without_credentials_nothing_is_sent_and_without_an_address_there_is_no_obs() {
    let builder = iotda_ota::Client::builder().endpoint("http://127.0.0.1:9").project_id("fake-project");
    let stub = Stub::always(Answer::new(200, "")).await;
    let client = builder.clone().obs_endpoint(stub.endpoint()).build().unwrap();
    let error = client.obs().unwrap().head("abc", "a.bin").await.unwrap_err();
    assert!(error.is_unauthenticated() && error.hint().is_some(), "{error:?}");
    assert!(stub.received().is_empty());
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
    let error = builder.access_key(key).build().unwrap().obs().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

/// Temporary keys that never say when they end; the number of those that were given.
struct Keys(Arc<AtomicUsize>);

impl CredentialsSource for Keys {
    fn name(&self) -> &str {
        "keys"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let key =
            AccessKey::new(format!("FAKE-KEY-{count}"), "fake-secret").security_token(format!("fake-token-{count}"));
        Box::pin(async move { Ok(Credentials::access_key(key)) })
    }
}

#[tokio::test]
async fn a_refused_key_is_fetched_anew_once_even_if_nobody_knows_when_it_ends() {
    for (status, code) in [
        (403, "InvalidAccessKeyId"),
        (403, "EMULATOR.InvalidSecurityToken"),
        (403, "AccessDenied"),
        (401, "Unauthorized"),
    ] {
        for for_good in [false, true] {
            let stub = Stub::start(move |request| {
                match for_good || request.header("x-obs-security-token") == Some("fake-token-0") {
                    true => Answer::new(status, format!("<Error><Code>{code}</Code><Message>no</Message></Error>")),
                    false => Answer::new(200, "fake firmware"),
                }
            })
            .await;
            let given = Arc::new(AtomicUsize::new(0));
            let client = Client::builder().endpoint(stub.endpoint()).obs_endpoint(stub.endpoint()).no_proxy();
            let client = client.project_id("fake-project").credentials(Keys(given.clone())).build().unwrap();
            let result = client.obs().unwrap().checksum("abc", "a.bin").await;
            assert_eq!(result.is_err(), for_good, "{code}: {result:?}");
            assert_eq!((given.load(Ordering::Relaxed), stub.received().len()), (2, 2), "{code}");
        }
    }
}
