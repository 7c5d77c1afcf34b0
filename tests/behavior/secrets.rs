//! Tokens and keys appear neither in `Debug` nor in messages.

use std::error::Error as _;

use iotda_ota::{AccessKey, Client, Error, PackageType};
use support::{Answer, Stub};

const SECRETS: [&str; 3] = ["fake-iam-token", "fake-secret-key", "fake-security-token"];

fn builder(endpoint: &str) -> iotda_ota::ClientBuilder {
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", SECRETS[1]).security_token(SECRETS[2]);
    Client::builder()
        .endpoint(endpoint)
        .obs_endpoint(endpoint)
        .obs_region("cn-north-4")
        .project_id("fake-project")
        .token(SECRETS[0])
        .access_key(key)
}

fn assert_silent(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Everything that an error can be made to say.
fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {:?} {}", error.hint(), error.violations());
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn clients_and_what_hangs_off_them_keep_their_secrets() {
    let builder = builder("http://127.0.0.1:9");
    assert_silent(&format!("{builder:?} {builder:#?}"));
    let client = builder.build().unwrap();
    assert_silent(&format!("{client:?} {client:#?}"));
    let packages = client.packages();
    assert_silent(&format!("{packages:?} {:?}", packages.list(PackageType::Firmware)));
    assert_silent(&format!("{:?}", client.obs().unwrap()));
    assert_silent(&format!("{:?}", client.publish("a.bin", "app", "product", "firmware", "1")));
}

#[tokio::test]
async fn settings_that_are_refused_are_not_shown() {
    let wrong = "fake-iam-token with-a-blank";
    let error = builder("http://fake-secret-key:fake-security-token@127.0.0.1:9").token(wrong).build().unwrap_err();
    assert_eq!(error.violations().len(), 3, "{error:?}");
    assert_silent(&everything(&error));
}

#[tokio::test]
async fn errors_of_calls_keep_the_secrets() {
    for answer in [Answer::new(401, "no"), Answer::new(502, "<html>"), Answer::new(200, "{"), Answer::nothing()] {
        let stub = Stub::always(answer).await;
        let client = builder(&stub.endpoint()).build().unwrap();
        let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert_silent(&everything(&error));
        if let Err(error) = client.obs().unwrap().head("bucket", "key").await {
            assert_silent(&everything(&error));
        }
        let sent = stub.received();
        assert_eq!(sent[0].header("x-auth-token"), Some(SECRETS[0]), "the token does arrive");
        assert_eq!(sent[1].header("x-obs-security-token"), Some(SECRETS[2]), "and so does the security token");
    }
}
