//! Tokens, projects and logins: where they come from, what is done with odd ones, and where they never go.

use std::error::Error as _;
use std::time::Duration;

use iotda_ota::{Chain, Client, ClientBuilder, Error, ErrorKind, Login, PackageType, Password, Profile, Variables};
use support::{Answer, Stub, target, target_at};

use crate::local_file;

fn user() -> Password {
    Password::new("emulator-user", "emulator-password", "emulator-domain")
}

fn at(iam: &str) -> ClientBuilder {
    Client::builder().region("emulator-1").endpoint("http://127.0.0.1:9").iam_endpoint(iam)
}

async fn token_error(builder: ClientBuilder) -> Error {
    let client = builder.credentials(user()).build().expect("the settings are valid");
    client.current_credentials().await.expect_err("there is no token")
}

fn cause(error: &Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_wrong_password_and_an_absent_iam_are_told_apart() {
    let target = target().await;
    let wrong = Password::new("emulator-user", "wrong-fake-password", "emulator-domain");
    let fetch = async |builder: ClientBuilder| {
        let client = builder.credentials(wrong.clone()).build().unwrap();
        client.current_credentials().await.unwrap_err()
    };
    let error = fetch(target.addresses()).await;
    assert!(error.is_unauthenticated() && !format!("{error:?}").contains("wrong-fake-password"), "{error:?}");
    assert!(fetch(target.addresses().iam_endpoint("http://127.0.0.1:1")).await.is_retryable());
}

#[tokio::test]
async fn a_token_endpoint_that_answers_without_the_token_is_an_error_about_the_address() {
    let iam = Stub::always(Answer::new(201, r#"{"token":{}}"#)).await;
    let error = token_error(at(&iam.endpoint())).await;
    assert!(cause(&error).contains("X-Subject-Token"), "{error:?}");
    // Asking again would not help, and the password is in each request.
    assert_eq!((error.kind(), error.attempts(), iam.received().len()), (ErrorKind::Unintelligible, 1, 1));
    let hint = error.hint().unwrap();
    assert!(hint.contains("check the IAM address") && hint.contains(&iam.endpoint()), "{hint}");
}

#[tokio::test]
async fn a_token_that_has_expired_when_it_comes_is_an_error_about_the_clock() {
    let target = target_at(1_676_117_532).await;
    let error = token_error(target.addresses()).await;
    assert!(cause(&error).contains("expired at 2023-02-12T12:12:12Z"), "{error:?}");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unintelligible, 1));
    assert!(error.hint().is_some_and(|hint| hint.contains("clock")), "{error:?}");

    let day = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(26);
    let answer = Answer::new(201, r#"{"token":{"expires_at":"2023-02-12T12:12:12Z"}}"#)
        .header("x-subject-token", "fake-token")
        .header("date", &day.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let error = token_error(at(&Stub::always(answer).await.endpoint())).await;
    assert!(error.hint().is_some_and(|hint| hint.contains("1560 minutes ahead")), "{error:?}");
}

#[tokio::test]
async fn iam_has_as_long_for_an_answer_as_any_other_call() {
    let iam = Stub::always(Answer::silence()).await;
    let error = token_error(at(&iam.endpoint()).timeout(Duration::from_millis(250))).await;
    assert!(error.is_retryable() && cause(&error).contains("within 0.25 s"), "{error:?}");
}

#[tokio::test]
async fn a_region_that_no_address_can_hold_is_refused_before_there_is_any() {
    for region in ["../x", "cn/north", "cn-north-4.evil.example", "cn north", "", "cn-nörth", "a#b", "a@b"] {
        for builder in
            [Client::builder().region(region), Client::builder().region(region).endpoint("http://127.0.0.1:9")]
        {
            let error = builder.build().unwrap_err();
            let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
            assert_eq!(fields, ["region"], "{region:?}: {error}");
        }
        let error = Client::builder().region("cn-north-4").obs_region(region).project_id("p").build().unwrap_err();
        assert!(error.violations().iter().all(|violation| violation.field == "obs_region"), "{error}");
    }
    let free = Client::builder().region("My_own-region-7").endpoint("http://127.0.0.1:9").build();
    assert!(free.is_ok());
}

/// A profile file with one more line than an access key needs.
fn profile(line: &str) -> (tempfile::TempDir, Profile) {
    let text = format!("[basic]\nak = FAKE-KEY\nsk = fake-secret\n{line}\n");
    let (folder, file) = local_file("credentials", text.as_bytes());
    let variables = Variables::given([("HUAWEICLOUD_SDK_CREDENTIALS_FILE", file.to_string_lossy())]);
    (folder, Profile::new(variables))
}

#[tokio::test]
async fn a_project_id_that_no_path_can_hold_is_refused_with_where_it_came_from() {
    let stub = Stub::always(Answer::new(200, "{}")).await;
    for id in ["a/b", "..", "%2e%2e", "é"] {
        let (_folder, profile) = profile(&format!("project_id = {id}"));
        let client = Client::builder().endpoint(stub.endpoint()).credentials(profile).build().unwrap();
        let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert!(error.is_invalid(), "{error:?}");
        let text = error.violations().to_string();
        assert!(text.contains("project_id (line 4) of ") && text.contains("credentials"), "{text}");

        let variables = [("HUAWEICLOUD_SDK_AK", "FAKE"), ("HUAWEICLOUD_SDK_SK", "fake-secret")];
        let variables = Variables::given([&variables[..], &[("HUAWEICLOUD_SDK_PROJECT_ID", id)]].concat());
        let chain = Chain::official(variables);
        let client = Client::builder().endpoint(stub.endpoint()).credentials(chain).build().unwrap();
        let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert!(error.violations().to_string().contains("HUAWEICLOUD_SDK_PROJECT_ID"), "{error:?}");
    }
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn an_iam_address_of_the_profile_file_follows_the_rule_of_all_addresses() {
    let (_folder, near) = profile("iam_endpoint = http://iam.invalid");
    let builder = || Client::builder().region("emulator-1").endpoint("http://127.0.0.1:9").no_proxy();
    let error = builder().credentials(near).build().unwrap().find_project_id().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(cause(&error).contains("must be an https:// address"), "{error:?}");

    let iam = Stub::always(Answer::new(200, r#"{"projects":[{"id":"p","name":"emulator-1"}]}"#)).await;
    let (_folder, here) = profile(&format!("iam_endpoint = {}", iam.endpoint()));
    let found = builder().credentials(here).build().unwrap().find_project_id().await.unwrap();
    assert_eq!(found.as_str(), "p");

    // Allowed is allowed for every address.
    let (_folder, far) = profile("iam_endpoint = http://iam.invalid");
    let error = builder().allow_plain_http().credentials(far).build().unwrap().find_project_id().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_login_is_never_sent_to_another_iam_than_the_one_that_gave_it() {
    let target = target().await;
    let folder = tempfile::tempdir().unwrap();
    let login = Login::new(folder.path().join("login.json"));
    let client = target.addresses().credentials(user()).build().unwrap();
    login.save(&client.current_credentials().await.unwrap(), Some(target.region())).unwrap();

    let again = target.addresses().credentials(login.clone()).build().unwrap();
    again.packages().list(PackageType::Firmware).send().await.unwrap();
    let elsewhere = Stub::always(Answer::new(200, "{}")).await;
    let client = target.addresses().endpoint(elsewhere.endpoint()).iam_endpoint(elsewhere.endpoint());
    let error = client.credentials(login).build().unwrap().packages().list(PackageType::Firmware).send().await;
    let error = error.unwrap_err();
    assert!(error.kind() == ErrorKind::Configuration && cause(&error).contains("log in there"), "{error:?}");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn a_given_http_client_that_follows_redirects_is_found_out() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let end = Stub::always(Answer::new(200, r#"{"packages":[],"page":{"count":0},"projects":[]}"#)).await;
    let to = format!("{}/elsewhere", end.endpoint());
    let redirecting = Stub::always(Answer::new(307, "").header("location", &to)).await;
    let following = reqwest::Client::builder().no_proxy().build().unwrap();
    let builder = redirecting.builder().iam_endpoint(redirecting.endpoint()).http_client(following);
    let error = builder.build().unwrap().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("followed a redirect") && error.hint().is_some(), "{error:?}");

    let following = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = token_error(at(&redirecting.endpoint()).http_client(following)).await;
    assert!(cause(&error).contains("follows no redirects"), "{error:?}");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Configuration, 1));

    // The library's own client stays where it was sent.
    let before = end.received().len();
    let error = token_error(at(&redirecting.endpoint())).await;
    assert!(cause(&error).contains("redirect") && end.received().len() == before, "{error:?}");
}
