//! Credentials that have to be fetched, or fetched anew, while whoever gives them is away, slow or lost.

use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use iotda_ota::{
    AccessKey, BoxFuture, Client, Credentials, CredentialsSource, Error, ErrorKind, ObsLocation, PackageType, Password,
    Reason, RetryPolicy, SourceError, SourceHttp,
};
use support::{Answer, Received, Stub, impatient, target};
use tokio::sync::Semaphore;

use crate::{local_file, object};

const ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";

/// IAM and IoTDA at one address. IAM answers as given, then with 500; IoTDA takes the last of the tokens alone.
async fn both(
    iam: impl IntoIterator<Item = Answer>,
    service: impl Fn(&Received) -> Answer + Send + Sync + 'static,
) -> Stub {
    let iam = Mutex::new(VecDeque::from_iter(iam));
    Stub::start(move |request| match is_for_iam(request) {
        true => iam.lock().expect("no test panics here").pop_front().unwrap_or_else(|| Answer::new(500, "")),
        false => service(request),
    })
    .await
}

fn is_for_iam(request: &Received) -> bool {
    request.target.starts_with("/v3/auth/tokens")
}

fn asked_of_iam(stub: &Stub) -> usize {
    stub.received().iter().filter(|request| is_for_iam(request)).count()
}

fn token(text: &str) -> Answer {
    Answer::new(201, r#"{"token":{"expires_at":"2099-01-01T00:00:00.000000Z"}}"#).header("x-subject-token", text)
}

fn has_token(request: &Received, text: &str) -> bool {
    request.header("x-auth-token") == Some(text)
}

fn refusal() -> Answer {
    Answer::new(401, r#"{"error_code":"APIGW.0301","error_msg":"decrypt token fail"}"#)
}

fn empty_page() -> Answer {
    Answer::new(200, r#"{"packages":[],"page":{"count":0}}"#)
}

fn client(stub: &Stub) -> Client {
    let user = Password::new("fake-user", "fake-password", "fake-domain");
    let builder = Client::builder().endpoint(stub.endpoint()).iam_endpoint(stub.endpoint()).project_id("fake-project");
    builder.credentials(user).retry(impatient()).build().expect("the settings are valid")
}

/// Takes the token `fake-new` and refuses every other.
fn takes_the_new_one(request: &Received) -> Answer {
    if has_token(request, "fake-new") { empty_page() } else { refusal() }
}

#[tokio::test]
async fn an_outage_of_iam_while_a_token_is_renewed_is_waited_for_by_everybody() {
    for outage in [Answer::new(503, ""), Answer::new(429, ""), Answer::nothing()] {
        let stub = both([token("fake-old"), outage, token("fake-new")], takes_the_new_one).await;
        let client = client(&stub);
        let call = |_| async { client.packages().list(PackageType::Firmware).send().await };
        for result in join_all((0..32).map(call)).await {
            result.unwrap();
        }
        assert_eq!(asked_of_iam(&stub), 3);
    }
}

#[tokio::test]
async fn an_outage_of_iam_that_does_not_pass_is_told_with_the_refusal_that_led_to_it() {
    let stub = both([token("fake-old")], takes_the_new_one).await;
    let client = client(&stub);
    let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 4));
    assert!(error.to_string().contains("the ones in use were refused: not authenticated (HTTP 401)"), "{error}");
    assert!(error.source().unwrap().to_string().contains("status 500"), "{error:?}");
    // As soon as it is over, the next call has new ones.
    let error = client.packages().list(PackageType::Firmware).retry(RetryPolicy::none()).send().await.unwrap_err();
    assert_eq!((error.kind(), asked_of_iam(&stub)), (ErrorKind::Unavailable, 6));
}

#[tokio::test]
async fn a_renewal_that_iam_refuses_is_told_as_iam_says_it() {
    let wrong = Answer::new(401, r#"{"error":{"code":401,"message":"The username or password is wrong."}}"#);
    let stub = both([token("fake-old"), wrong], takes_the_new_one).await;
    let error = client(&stub).packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), asked_of_iam(&stub)), (ErrorKind::Unauthenticated, 1, 2));
    assert!(error.source().unwrap().to_string().contains("The username or password is wrong."), "{error:?}");
    assert!(error.to_string().contains("the ones in use were refused"), "{error}");
}

#[tokio::test]
async fn a_create_that_is_looked_up_while_a_token_is_renewed_ends_well() {
    let creates = AtomicUsize::new(0);
    let service = move |request: &Received| match request.method.as_str() {
        // The first one is lost, and the token is revoked at the same moment.
        "POST" if creates.fetch_add(1, Ordering::Relaxed) == 0 => Answer::nothing(),
        "POST" if has_token(request, "fake-new") => Answer::new(201, format!(r#"{{"package_id":"{ID}"}}"#)),
        _ => takes_the_new_one(request),
    };
    let stub = both([token("fake-old"), Answer::new(503, ""), token("fake-new")], service).await;
    let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
    let create = client(&stub).packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    assert_eq!(create.send().await.unwrap().package_id, ID);
}

/// Gives what it was told to, one thing after the other.
struct Script(Mutex<VecDeque<Result<Credentials, SourceError>>>);

impl Script {
    /// Credentials that are refused, then an outage, then good ones.
    fn with_an_outage_between(refused: Credentials, good: Credentials) -> Self {
        let outage = Err(SourceError::Unavailable(Reason::new("fake outage")));
        Self(Mutex::new([Ok(refused), outage, Ok(good)].into()))
    }
}

impl CredentialsSource for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        let next = self.0.lock().expect("no test panics here").pop_front();
        Box::pin(async { next.expect("it is asked no more often than is useful") })
    }
}

#[tokio::test]
async fn an_outage_during_a_renewal_ends_no_call_to_obs_no_exchange_and_no_look_up() {
    let target = target().await;
    object(&target, "upgrade.bin").await;
    let token = |text: &str| Credentials::token(text).with_project_id(target.project_id());
    let keys = Script::with_an_outage_between(
        Credentials::access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret")),
        Credentials::access_key(target.access_key()),
    );
    let tokens = Script::with_an_outage_between(token("a-revoked-fake-token"), token(target.token()));
    for source in [keys, tokens] {
        let client = target.addresses().credentials(source).retry(impatient()).build().unwrap();
        client.obs().unwrap().head(target.bucket(), "upgrade.bin").await.unwrap();
    }
    let tokens =
        Script::with_an_outage_between(Credentials::token("a-revoked-fake-token"), Credentials::token(target.token()));
    let client = target.addresses().credentials(tokens).retry(impatient()).build().unwrap();
    assert_eq!(client.find_project_id().await.unwrap(), target.project_id());
}

#[tokio::test]
async fn a_publish_waits_for_iam_as_any_other_call_does() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = |policy| {
        let client = target.addresses().credentials(target.user()).retry(policy).build().unwrap();
        client.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket(target.bucket())
    };
    for operation in ["create_token", "create_security_token"] {
        let add = || target.faults().add(format!("{operation}:status:status=503,times=1").parse().unwrap()).unwrap();
        add();
        publish(impatient()).send().await.unwrap();
        add();
        assert!(publish(RetryPolicy::none()).send().await.unwrap_err().is_retryable(), "{operation}");
        add();
        publish(RetryPolicy::none()).retry(impatient()).send().await.unwrap();
    }
}

/// Gives a token once it is let, and counts how often it was asked.
#[derive(Clone)]
struct Gated {
    gate: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
}

impl CredentialsSource for Gated {
    fn name(&self) -> &str {
        "gated"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.gate.acquire().await.expect("the gate stays").forget();
            Ok(Credentials::token("fake-token"))
        })
    }
}

#[tokio::test]
async fn calls_that_have_less_time_than_iam_needs_wait_for_one_and_the_same_fetch() {
    let stub = Stub::always(empty_page()).await;
    let source = Gated { gate: Arc::new(Semaphore::new(0)), asked: Arc::default() };
    let builder = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").credentials(source.clone());
    let client = builder.retry(impatient()).build().unwrap();
    let list = || client.packages().list(PackageType::Firmware);
    let hasty = |_| async { list().timeout(Duration::from_millis(20)).send().await };
    for result in join_all((0..8).map(hasty)).await {
        let error: Error = result.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 4));
        assert!(error.hint().is_some_and(|hint| hint.contains("--timeout")), "{error:?}");
    }
    source.gate.add_permits(1);
    list().send().await.unwrap();
    assert_eq!((source.asked.load(Ordering::SeqCst), stub.received().len()), (1, 1));
}
