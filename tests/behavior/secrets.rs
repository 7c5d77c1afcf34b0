//! Tokens, keys and passwords appear neither in `Debug` nor in messages nor in logs.

use std::cell::RefCell;
use std::error::Error as _;
use std::io::Write;
use std::sync::Once;

use iotda_ota::{AccessKey, Client, Error, PackageType, RetryPolicy, Secret};
use secrecy::ExposeSecret;
use support::{Answer, Stub, impatient, target};

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
        .retry(RetryPolicy::none())
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

/// A service that repeats every header of a request, in its message and as its request id.
async fn echo() -> Stub {
    Stub::start(|request| {
        let told: Vec<_> = request.headers.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let body = serde_json::json!({ "error_code": "APIGW.0301", "error_msg": told.join(", ") }).to_string();
        let secret = ["x-auth-token", "x-security-token", "x-obs-security-token"];
        let id = secret.iter().find_map(|name| request.header(name)).unwrap_or("none").to_owned();
        Answer::new(401, body).header("x-request-id", &id)
    })
    .await
}

#[tokio::test]
async fn what_a_service_repeats_is_hidden() {
    let stub = echo().await;
    let with_token = builder(&stub.endpoint()).build().unwrap();
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", SECRETS[1]).security_token(SECRETS[2]);
    let with_key = Client::builder().endpoint(stub.endpoint()).obs_endpoint(stub.endpoint()).project_id("fake-project");
    let with_key = with_key.access_key(key).build().unwrap();
    for client in [with_token, with_key] {
        let list = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
        let head = client.obs().unwrap().checksum("abc", "a.bin").await.unwrap_err();
        for error in [list, head] {
            assert!(error.error_msg().is_some_and(|message| message.contains("***")), "{error:?}");
            assert_eq!(error.request_id(), Some("***"));
            assert_silent(&everything(&error));
        }
    }
    for request in stub.received() {
        let authorization = request.header("authorization").unwrap_or_default();
        assert!(authorization.is_empty() || !authorization.contains(SECRETS[1]));
    }
}

thread_local! {
    /// What a case logs, from when it asks for that.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Takes the log of a case apart from those of the others: each runs on a thread of its own.
pub(crate) struct Log;

impl Log {
    pub(crate) fn start() {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
            subscriber.with_writer(|| Self).init();
        });
        LOG.set(Some(Vec::new()));
    }

    pub(crate) fn end() -> String {
        String::from_utf8_lossy(&LOG.take().unwrap_or_default()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.iter_mut().for_each(|log| log.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn calls_to_iam_are_logged_like_others_and_without_secrets() {
    let target = target().await;
    Log::start();
    let client = target.addresses().credentials(target.user()).build().unwrap();
    client.packages().list(PackageType::Firmware).send().await.unwrap();
    let _ = client.obs().unwrap().head(target.bucket(), "key.bin").await;
    let token = client.current_credentials().await.unwrap();
    let with_key = target.addresses().access_key(target.access_key()).build().unwrap();
    with_key.find_project_id().await.unwrap();
    let text = Log::end();
    for operation in ["iam_create_token", "iam_list_projects", "iam_create_temporary_key", "list_ota_packages"] {
        assert!(text.contains(&format!("operation=\"{operation}\"")), "{operation}: {text}");
    }
    assert!(text.contains("method=POST") && text.contains("status=201") && text.contains("request_id="), "{text}");
    let Secret::Token(token) = token.secret() else { panic!("a password gives a token") };
    for secret in ["emulator-password", "emulator-secret-key", token.expose_secret()] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn every_attempt_has_a_span_with_what_came_of_it_and_without_secrets() {
    let failed = std::sync::atomic::AtomicBool::new(false);
    let stub = Stub::start(move |_| match failed.swap(true, std::sync::atomic::Ordering::Relaxed) {
        false => Answer::new(503, SECRETS[0]).header("x-request-id", "fake-request-1"),
        true => Answer::new(200, r#"{"packages":[]}"#),
    })
    .await;
    let client = builder(&stub.endpoint()).retry(impatient()).build().unwrap();
    Log::start();
    client.packages().list(PackageType::Firmware).send().await.unwrap();
    let text = Log::end();
    let lines: Vec<_> = text.lines().filter(|line| line.contains(" iotda_ota::call: ")).collect();
    let [first, second] = lines[..] else { panic!("{text}") };
    for line in [first, second] {
        let span = r#"call{operation="list_ota_packages"}:attempt{operation="list_ota_packages" attempt="#;
        assert!(line.contains(span) && line.contains(r#"scheme="token""#) && line.contains("elapsed_ms="), "{line}");
    }
    assert!(first.contains("status=503") && first.contains(r#"request_id="fake-request-1""#), "{first}");
    assert!(!first.contains("because") && !first.contains("waited_ms"), "{first}");
    assert!(second.contains("attempt=2") && second.contains("status=200") && second.contains("waited_ms="), "{second}");
    assert!(second.contains(r#"because="the service failed (HTTP 503)""#), "{second}");
    assert_silent(&text);
}

/// The lines about attempts of this operation.
fn attempts<'a>(log: &'a str, operation: &str) -> Vec<&'a str> {
    let span = format!(r#"call{{operation="{operation}"}}:attempt{{operation="{operation}" attempt="#);
    log.lines().filter(|line| line.contains(" iotda_ota::call: ") && line.contains(&span)).collect()
}

#[tokio::test]
async fn attempts_at_obs_are_told_like_others_also_when_nobody_answers() {
    let stub = Stub::start(|request| match request.method.as_str() {
        "DELETE" => Answer::new(503, SECRETS[2]).header("x-obs-request-id", SECRETS[2]),
        _ => Answer::nothing(),
    })
    .await;
    let client = builder(&stub.endpoint()).retry(impatient().max_attempts(2)).build().unwrap();
    let obs = client.obs().unwrap();
    Log::start();
    obs.delete("abc", "a.bin").await.unwrap_err();
    obs.head("abc", "a.bin").await.unwrap_err();
    // Given up on the way.
    let silent = Stub::always(Answer::silence()).await;
    let late = builder(&silent.endpoint()).build().unwrap().obs().unwrap();
    late.deadline(std::time::Duration::from_millis(100)).checksum("abc", "a.bin").await.unwrap_err();
    let text = Log::end();
    let [first, second] = attempts(&text, "obs_delete_object")[..] else { panic!("{text}") };
    assert!(
        first.contains(r#"scheme="OBS""#) && first.contains("status=503") && first.contains("method=DELETE"),
        "{first}"
    );
    assert!(first.contains("attempt=1") && !first.contains("because"), "{first}");
    assert!(second.contains("attempt=2") && second.contains("waited_ms="), "{second}");
    assert!(
        second.contains(r#"because="OBS failed (HTTP 503)""#) && second.contains(r#"request_id="***""#),
        "{second}"
    );
    let [first, second] = attempts(&text, "obs_head_object")[..] else { panic!("{text}") };
    assert!(first.contains("no answer") && !first.contains("status=") && first.contains("elapsed="), "{first}");
    assert!(second.contains("attempt=2") && second.contains("broke"), "{second}");
    let [line] = attempts(&text, "obs_get_object")[..] else { panic!("{text}") };
    assert!(line.contains("no answer"), "{line}");
    assert_silent(&text);
}

#[tokio::test]
async fn attempts_at_iam_are_told_like_others_also_when_nobody_answers() {
    let target = target().await;
    Log::start();
    target.addresses().credentials(target.user()).build().unwrap().current_credentials().await.unwrap();
    let absent = Stub::always(Answer::nothing()).await;
    let away = target.addresses().iam_endpoint(absent.endpoint()).credentials(target.user());
    away.build().unwrap().current_credentials().await.unwrap_err();
    let text = Log::end();
    let told = attempts(&text, "iam_create_token");
    let (first, last) = (told[0], told[told.len() - 1]);
    assert!(first.contains(r#"scheme="password""#) && first.contains("status=201"), "{first}");
    assert!(first.contains("attempt=1") && first.contains("elapsed_ms="), "{first}");
    assert!(last.contains("no answer") && !last.contains("status="), "{last}");
    assert_eq!(told.len(), 1 + absent.received().len());
    assert!(!text.contains("emulator-password"), "{text}");
}

#[tokio::test]
async fn what_iam_repeats_is_neither_logged_nor_told() {
    let password = "fake-password-that-is-repeated";
    Log::start();
    for status in [401, 403, 404, 500, 201, 302] {
        let iam = Stub::start(move |request| {
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let message = serde_json::json!({ "error": { "code": password, "message": body } }).to_string();
            Answer::new(status, message).header("x-iam-trace-id", password)
        })
        .await;
        let user = iotda_ota::Password::new("fake-user", password, "fake-domain");
        let client = Client::builder().region("r").endpoint(iam.endpoint()).iam_endpoint(iam.endpoint());
        let error = client.credentials(user).build().unwrap().current_credentials().await.unwrap_err();
        assert!(!everything(&error).contains(password), "{error:?}");
        assert!(iam.received().iter().any(|request| String::from_utf8_lossy(&request.body).contains(password)));
    }
    let text = Log::end();
    assert!(text.contains("iam_create_token") && !text.contains(password), "{text}");
}
