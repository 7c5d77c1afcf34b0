//! Who is calling: every kind of credentials on every kind of instance, and what is said when it does not work.

use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{
    AccessKey, BoxFuture, Client, Credentials, CredentialsSource, Error, ErrorKind, PackageType, SigningScheme,
    SourceError, SourceHttp,
};
use support::{Answer, Refusal, Stub, Target, dedicated_target, refusing_target, target, target_with_metadata};

use crate::local_file;

/// Publishes, which needs both services, and lists what is there then.
async fn works(client: &Client, target: &Target) -> Result<(), Error> {
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = client.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket(target.bucket());
    publish.send().await?;
    let page = client.packages().list(PackageType::Firmware).version("2.0").limit(3).send().await?;
    assert_eq!(page.count, Some(1));
    Ok(())
}

#[tokio::test]
async fn an_access_key_alone_publishes_with_plain_and_with_derived_signatures() {
    for scheme in [SigningScheme::Auto, SigningScheme::Plain, SigningScheme::Derived] {
        let target = target().await;
        let client = target.addresses().access_key(target.access_key()).signing_scheme(scheme).build().unwrap();
        works(&client, &target).await.unwrap_or_else(|error| panic!("{scheme:?}: {error:?}"));
    }
}

#[tokio::test]
async fn a_token_alone_publishes_because_it_is_exchanged_for_a_key() {
    let target = target().await;
    let client = target.addresses().project_id(target.project_id()).token(target.token()).build().unwrap();
    works(&client, &target).await.unwrap();
}

#[tokio::test]
async fn a_user_name_and_a_password_publish() {
    let target = target().await;
    let client = target.addresses().credentials(target.user()).build().unwrap();
    works(&client, &target).await.unwrap();
    let credentials = client.current_credentials().await.unwrap();
    assert!(credentials.expires_at().is_some());
    assert_eq!(credentials.project_id().map(|id| id.as_str()), Some(target.project_id()));
}

#[tokio::test]
async fn temporary_keys_of_the_metadata_service_publish() {
    let target = target_with_metadata().await;
    for scheme in [SigningScheme::Plain, SigningScheme::Derived] {
        let client = target.addresses().credentials(target.metadata()).signing_scheme(scheme).build().unwrap();
        works(&client, &target).await.unwrap_or_else(|error| panic!("{scheme:?}: {error:?}"));
    }
}

#[tokio::test]
async fn the_project_is_looked_up_by_the_name_of_the_region() {
    let target = target().await;
    let client = target.addresses().access_key(target.access_key()).build().unwrap();
    assert_eq!(client.project_id(), None);
    assert_eq!(client.find_project_id().await.unwrap(), target.project_id());
}

/// Lists with an access key, at a stub in place of IAM.
async fn list_with_iam(body: &str) -> Error {
    let (service, iam) = (Stub::always(Answer::new(500, "")).await, Stub::always(Answer::new(200, body)).await);
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
    let client = Client::builder().region("cn-north-4").endpoint(service.endpoint()).iam_endpoint(iam.endpoint());
    let client = client.access_key(key).build().expect("the settings are valid");
    let error = client.packages().list(PackageType::Firmware).send().await.expect_err("no project can be found");
    assert!(service.received().is_empty());
    assert!(iam.received()[0].target.ends_with("/v3/projects?name=cn-north-4"), "{:?}", iam.received());
    assert!(iam.received()[0].header("authorization").is_some_and(|value| value.starts_with("SDK-HMAC-SHA256 ")));
    error
}

#[tokio::test]
async fn no_project_or_several_of_that_name_are_an_error_that_names_them() {
    let none = list_with_iam(r#"{"projects":[]}"#).await;
    assert_eq!(none.kind(), ErrorKind::Configuration);
    let two =
        list_with_iam(r#"{"projects":[{"id":"one","name":"cn-north-4"},{"id":"two","name":"cn-north-4"}]}"#).await;
    assert!(two.to_string().contains("one") && two.to_string().contains("two"), "{two}");
    for body in ["<html>", "{}", r#"{"projects":{}}"#] {
        assert!(list_with_iam(body).await.hint().is_some(), "{body}");
    }
}

#[tokio::test]
async fn a_plain_signature_on_a_dedicated_instance_is_explained() {
    let target = dedicated_target().await;
    let builder = || target.addresses().project_id(target.project_id()).access_key(target.access_key());
    let plain = builder().signing_scheme(SigningScheme::Plain).build().unwrap();
    let error = works(&plain, &target).await.unwrap_err();
    assert_eq!((error.status(), error.error_code()), (Some(401), Some("IOTDA.000002")));
    assert!(error.hint().is_some_and(|hint| hint.contains("derived")), "{error:?}");
    works(&builder().signing_scheme(SigningScheme::Derived).build().unwrap(), &target).await.unwrap();
}

#[tokio::test]
async fn refusals_with_a_known_cause_are_explained() {
    let key = |target: &Target| target.addresses().project_id(target.project_id()).access_key(target.access_key());
    for (refusal, status, words) in
        [(Refusal::TokenHeaderMissing, 400, "signing scheme"), (Refusal::NotSubscribed, 403, "subscribed")]
    {
        let target = refusing_target(refusal).await;
        let error = works(&key(&target).build().unwrap(), &target).await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert!(error.hint().is_some_and(|hint| hint.contains(words)), "{error:?}");
    }

    let target = target().await;
    let wrong_secret = AccessKey::new(target.access_key().id(), "another-secret");
    let unknown_key = AccessKey::new("UNKNOWN-ACCESS-KEY", "another-secret");
    for (key, words) in [(wrong_secret, "secret does not belong"), (unknown_key, "does not exist")] {
        let client = target.addresses().project_id(target.project_id()).access_key(key).build().unwrap();
        let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert_eq!(error.status(), Some(401));
        assert!(error.hint().is_some_and(|hint| hint.contains(words)), "{error:?}");
    }
    let client = target.builder().token("another-fake-token").build().unwrap();
    let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert!(error.hint().is_some_and(|hint| hint.contains("token cannot be read")), "{error:?}");
}

#[tokio::test]
async fn causes_that_only_an_answer_shows_are_explained() {
    let hour_ago = http_date(-3600);
    for (answer, words) in [
        (
            Answer::new(401, r#"{"error_code":"APIG.0301","error_msg":"body hash mismatch"}"#),
            "changed after it was signed",
        ),
        (Answer::new(404, r#"{"error_code":"APIGW.0101","error_msg":"The API does not exist"}"#), "host and path"),
        (Answer::new(401, "").header("date", &hour_ago), "clock is 60 minutes ahead"),
    ] {
        let stub = Stub::always(answer).await;
        let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
        let client = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").access_key(key);
        let list = client.build().unwrap().packages().list(PackageType::Firmware);
        let error = list.send().await.unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains(words)), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_gets_no_hint_about_signing() {
    let stub = Stub::always(Answer::new(401, r#"{"error_code":"IOTDA.000002","error_msg":"no"}"#)).await;
    let error = stub.client().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert!(error.hint().is_some_and(|hint| !hint.contains("sign") && hint.contains("token")), "{error:?}");
}

/// The date of HTTP so many seconds from now.
fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Gives a refused token first and then a good one, both of which expire some time.
struct Renewing {
    good: String,
    asked: AtomicUsize,
}

impl CredentialsSource for Renewing {
    fn name(&self) -> &str {
        "renewing"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        let token = if first { "a-revoked-fake-token" } else { &self.good };
        let end = "2099-01-01T00:00:00Z".parse().expect("the time is valid");
        Box::pin(async move { Ok(Credentials::token(token).with_expires_at(end)) })
    }
}

#[tokio::test]
async fn refused_credentials_that_can_be_renewed_are_renewed_once() {
    let target = target().await;
    let source = Renewing { good: target.token().to_owned(), asked: AtomicUsize::new(0) };
    let client = target.addresses().project_id(target.project_id()).credentials(source).build().unwrap();
    works(&client, &target).await.unwrap();

    let stub = Stub::always(Answer::new(401, r#"{"error_code":"APIGW.0301","error_msg":"decrypt token fail"}"#)).await;
    let source = Renewing { good: "still-a-fake-token".to_owned(), asked: AtomicUsize::new(0) };
    let builder = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").credentials(source);
    let error = builder.build().unwrap().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert_eq!(stub.received().len(), 2);
}

#[tokio::test]
async fn a_wrong_password_and_an_absent_iam_are_told_apart() {
    let target = target().await;
    let wrong = iotda_ota::Password::new("emulator-user", "wrong-fake-password", "emulator-domain");
    let client = target.addresses().credentials(wrong.clone()).build().unwrap();
    let error = works(&client, &target).await.unwrap_err();
    assert!(error.is_unauthenticated() && !format!("{error:?}").contains("wrong-fake-password"), "{error:?}");
    let client = target.addresses().iam_endpoint("http://127.0.0.1:1").credentials(wrong).build().unwrap();
    assert!(works(&client, &target).await.unwrap_err().is_retryable());
}

#[tokio::test]
async fn a_token_endpoint_that_answers_without_the_token_is_an_error() {
    let iam = Stub::always(Answer::new(201, r#"{"token":{}}"#)).await;
    let user = iotda_ota::Password::new("fake-user", "fake-password", "fake-domain");
    let client = Client::builder().region("cn-north-4").iam_endpoint(iam.endpoint()).credentials(user).build().unwrap();
    let error = client.current_credentials().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("X-Subject-Token"), "{cause}");
}

#[test]
fn plain_http_to_another_machine_needs_to_be_allowed() {
    let builder = || Client::builder().endpoint("http://iotda.example").project_id("fake-project").token("fake-token");
    let error = builder().build().unwrap_err();
    assert!(error.is_invalid() && error.to_string().contains("https://"), "{error}");
    assert!(builder().allow_plain_http().build().is_ok());
}

#[test]
fn the_scheme_follows_the_address_and_derived_needs_a_region() {
    let dedicated = "https://9bc34xxxxx.st1.iotda-app.cn-north-4.myhuaweicloud.com";
    let scheme = |endpoint: &str, wanted| {
        let builder = Client::builder().endpoint(endpoint).project_id("fake-project").signing_scheme(wanted);
        builder.build().map(|client| client.signing_scheme())
    };
    assert_eq!(scheme(dedicated, SigningScheme::Auto).unwrap(), "V11-HMAC-SHA256");
    assert_eq!(scheme(dedicated, SigningScheme::Plain).unwrap(), "SDK-HMAC-SHA256");
    assert_eq!(scheme("https://iotda.cn-north-4.myhuaweicloud.com", SigningScheme::Auto).unwrap(), "SDK-HMAC-SHA256");
    assert!(scheme("https://iotda.example", SigningScheme::Derived).unwrap_err().is_invalid());
}
