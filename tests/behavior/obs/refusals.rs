//! What OBS refuses: each refusal says what happened and what to do about it.

use iotda_ota::{AccessKey, Client, Error, ErrorKind};
use support::{Answer, Stub};

use crate::local_file;

/// What a refusal of OBS looks like. A HEAD gets it without the body, as HTTP wants it.
async fn refusing(status: u16, code: &'static str) -> Stub {
    Stub::start(move |request| match request.method.as_str() {
        "HEAD" => Answer::new(status, "").header("content-length", "100"),
        _ => Answer::new(status, format!("<Error><Code>{code}</Code><Message>no, really</Message></Error>")),
    })
    .await
}

fn client(stub: &Stub, key: AccessKey) -> Client {
    let builder = Client::builder().endpoint(stub.endpoint()).obs_endpoint(stub.endpoint()).no_proxy();
    builder.project_id("fake-project").access_key(key).build().expect("the settings are valid")
}

/// The error of an upload of a few bytes, which replaces whatever is there.
async fn upload_error(stub: &Stub, key: AccessKey) -> Error {
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let obs = client(stub, key).obs().expect("there is an address");
    obs.upload("abc", "a.bin", &path).replace(true).send().await.expect_err("it is refused")
}

fn permanent() -> AccessKey {
    AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret")
}

fn hint(error: &Error) -> &str {
    error.hint().expect("what to do is known")
}

#[tokio::test]
async fn a_temporary_key_that_is_refused_may_have_expired() {
    for (status, code, kind) in [
        (403, "InvalidAccessKeyId", ErrorKind::Denied),
        (403, "AccessDenied", ErrorKind::Denied),
        (401, "Unauthorized", ErrorKind::Unauthenticated),
    ] {
        let stub = refusing(status, code).await;
        let error = upload_error(&stub, permanent().security_token("fake-security-token")).await;
        assert_eq!(error.kind(), kind, "{code}");
        assert!(hint(&error).contains("fetch new temporary credentials and run the same command again"), "{error:?}");
        assert!(hint(&error).contains("goes on where it was"), "{error:?}");
        assert!(!hint(&upload_error(&stub, permanent()).await).contains("temporary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_store_that_is_full_is_no_matter_of_permissions() {
    let error = upload_error(&refusing(403, "InsufficientStorageSpace").await, permanent()).await;
    assert_eq!((error.kind(), error.error_code()), (ErrorKind::Rejected, Some("InsufficientStorageSpace")));
    assert!(error.to_string().contains("no room left for bucket \"abc\""), "{error}");
    assert!(hint(&error).contains("raise the quota"), "{error:?}");
}

#[tokio::test]
async fn every_refusal_says_what_to_do() {
    for (status, code) in [(400, "InvalidArgument"), (405, "MethodNotAllowed"), (409, "Whatever"), (418, "Teapot")] {
        let error = upload_error(&refusing(status, code).await, permanent()).await;
        assert_eq!((error.kind(), error.error_code()), (ErrorKind::Rejected, Some(code)));
        assert!(hint(&error).contains("request id"), "{error:?}");
    }
    let error = upload_error(&refusing(404, "NoSuchUpload").await, permanent()).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    for words in ["cancelled", "nobody else uploads to this key", "starts the upload anew"] {
        assert!(hint(&error).contains(words), "{error:?}");
    }
}

#[tokio::test]
async fn a_head_that_is_refused_says_why() {
    for (status, code) in [(403, "SignatureDoesNotMatch"), (400, "InvalidBucketName"), (301, "PermanentRedirect")] {
        let stub = refusing(status, code).await;
        let error = client(&stub, permanent()).obs().unwrap().head("abc", "a.bin").await.unwrap_err();
        assert_eq!((error.status(), error.error_code()), (Some(status), Some(code)), "{error:?}");
        assert_eq!((error.error_msg(), error.operation()), (Some("no, really"), Some("obs_head_object")));
        let sent = stub.received();
        assert_eq!(sent.iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["HEAD", "GET"]);
        // Should it be answered after all, there is no need for the content.
        assert_eq!(sent[1].header("range"), Some("bytes=0-0"));
    }
    // An answer about something else does not count.
    let stub = Stub::start(|request| match request.method.as_str() {
        "HEAD" => Answer::new(403, ""),
        _ => Answer::new(206, "x"),
    })
    .await;
    let error = client(&stub, permanent()).obs().unwrap().head("abc", "a.bin").await.unwrap_err();
    assert_eq!((error.status(), error.error_code()), (Some(403), None));
}

#[tokio::test]
async fn a_given_http_client_that_follows_redirects_is_found_out() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let end = Stub::always(Answer::new(200, "fake firmware")).await;
    let to = format!("{}/elsewhere", end.endpoint());
    let stub = Stub::always(Answer::new(307, "").header("location", &to)).await;
    let following = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = stub.builder().http_client(following).build().unwrap();
    let error = client.obs().unwrap().checksum("abc", "a.bin").await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Configuration, Some("obs_get_object")), "{error:?}");
    assert!(error.to_string().contains("followed a redirect") && error.hint().is_some(), "{error:?}");
}
