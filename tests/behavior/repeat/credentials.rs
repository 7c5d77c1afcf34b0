//! Credentials that every attempt needs, and that may be refused, throttled or away themselves.

use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{
    BoxFuture, Client, Credentials, CredentialsSource, ErrorKind, PackageType, Reason, RetryPolicy, SourceError,
    SourceHttp,
};
use support::{Answer, impatient, target};

use super::at_first;

#[tokio::test]
async fn throttling_is_told_by_its_code_wherever_it_comes_from() {
    let target = target().await;
    let build = |policy| target.addresses().credentials(target.user()).retry(policy).build().unwrap();
    let add = |fault: &str| target.faults().add(fault.parse().unwrap()).unwrap();
    for status in ["throttle:status=403", "throttle:status=429", "status:status=403,code=APIGW.0308"] {
        for operation in ["create_token", "create_security_token", "list_projects"] {
            add(&format!("{operation}:{status},times=1"));
        }
        let listed = build(impatient()).packages().list(PackageType::Firmware).send().await.unwrap();
        assert_eq!(listed.attempts(), 2, "{status}");
        target.faults().clear();
        add(&format!("create_token:{status}"));
        let list = build(impatient().max_attempts(3)).packages().list(PackageType::Firmware);
        let error = list.send().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 3), "{status}: {error:?}");
        target.faults().clear();
        add(&format!("list_projects:{status},times=1"));
        let key = target.addresses().access_key(target.access_key()).retry(impatient()).build().unwrap();
        assert_eq!(key.packages().list(PackageType::Firmware).send().await.unwrap().attempts(), 2, "{status}");
        target.faults().clear();
    }
    let location = crate::object(&target, "upgrade.bin").await;
    let obs = target.builder().retry(impatient()).build().unwrap().obs().unwrap();
    for status in [403, 429, 503] {
        // An answer to HEAD has no body, and so no code.
        if status != 403 {
            add(&format!("head_object:throttle:status={status},times=1"));
        }
        add(&format!("get_object:throttle:status={status},times=1"));
        obs.head(target.bucket(), "upgrade.bin").await.unwrap();
        let checksum = obs.checksum(target.bucket(), "upgrade.bin").await.unwrap();
        assert!(location.sign.as_ref().is_some_and(|sign| sign.matches(&checksum)), "{status}");
    }
}

#[tokio::test]
async fn credentials_alone_are_tried_for_as_often_as_a_call() {
    let target = target().await;
    target.faults().add("create_token:status:status=503,times=2".parse().unwrap()).unwrap();
    let client = target.addresses().credentials(target.user()).retry(impatient()).build().unwrap();
    client.current_credentials().await.unwrap();
    let hasty = target.addresses().credentials(target.user()).retry(RetryPolicy::none()).build().unwrap();
    target.faults().add("create_token:status:status=503,times=1".parse().unwrap()).unwrap();
    assert!(hasty.current_credentials().await.unwrap_err().is_retryable());
}

/// A source of tokens that end at once, so that every attempt needs another one.
#[derive(Debug, Default)]
struct ShortLived(AtomicUsize);

impl CredentialsSource for ShortLived {
    fn name(&self) -> &str {
        "short-lived"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                1 => Err(SourceError::Unavailable(Reason::new("fake outage"))),
                count => {
                    Ok(Credentials::token(format!("fake-token-{count}")).with_expires_at(jiff::Timestamp::UNIX_EPOCH))
                }
            }
        })
    }
}

#[tokio::test]
async fn every_attempt_has_credentials_of_its_own_and_a_source_that_is_away_is_asked_again() {
    let stub = at_first(vec![Answer::new(503, ""), Answer::new(503, "")]).await;
    let builder = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").retry(impatient());
    let client = builder.credentials(ShortLived::default()).build().unwrap();
    let response = client.packages().list(PackageType::Firmware).send().await.unwrap();
    assert_eq!(response.attempts(), 4, "one of them ended before anything was sent");
    let received = stub.received();
    let tokens: Vec<_> = received.iter().filter_map(|request| request.header("x-auth-token")).collect();
    assert_eq!(tokens, ["fake-token-0", "fake-token-2", "fake-token-3"]);
}
