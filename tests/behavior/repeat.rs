//! Calls that may be repeated: which failures are, which are not, and what ends it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iotda_ota::{
    BoxFuture, Client, Credentials, CredentialsSource, Error, ErrorKind, PackageType, Reason, RetryPolicy, Sought,
    SourceError, SourceHttp,
};
use support::{Answer, Received, Stub, impatient, target};

const ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";

/// A stub that answers a call as given, and every later one well.
async fn at_first(answers: Vec<Answer>) -> Stub {
    let count = AtomicUsize::new(0);
    Stub::start(move |request| match answers.get(count.fetch_add(1, Ordering::Relaxed)) {
        Some(answer) => answer.clone(),
        None => well(request),
    })
    .await
}

fn well(request: &Received) -> Answer {
    match request.method.as_str() {
        "DELETE" => Answer::new(204, ""),
        _ if request.target.contains('?') => Answer::new(200, r#"{"packages":[],"page":{"count":0}}"#),
        _ => Answer::new(200, format!(r#"{{"package_id":"{ID}"}}"#)),
    }
}

/// What each operation that may be repeated comes to, and how many attempts it took.
async fn outcomes(answers: &[Answer], policy: RetryPolicy) -> Vec<Result<u32, Error>> {
    let mut outcomes = Vec::new();
    for operation in 0..3 {
        let stub = at_first(answers.to_vec()).await;
        let client = stub
            .builder()
            .timeout(Duration::from_millis(500))
            .retry(policy.clone())
            .build()
            .expect("the settings are valid");
        let packages = client.packages();
        let outcome = match operation {
            0 => packages.list(PackageType::Firmware).send().await.map(|response| response.attempts()),
            1 => packages.show(ID).send().await.map(|response| response.attempts()),
            _ => packages.delete(ID).send().await.map(|response| response.attempts()),
        };
        let attempts = outcome.as_ref().map_or_else(Error::attempts, |attempts| *attempts);
        // A delete may be made sure of besides.
        let is_attempt = |request: &&Received| operation < 2 || request.method == "DELETE";
        assert_eq!(stub.received().iter().filter(is_attempt).count(), attempts as usize);
        outcomes.push(outcome);
    }
    outcomes
}

fn throttled(code: &str) -> Answer {
    Answer::new(403, format!(r#"{{"error_code":"{code}","error_msg":"slow down"}}"#))
}

#[tokio::test]
async fn what_may_pass_is_repeated() {
    let cut = serde_json::json!({ "status": 200, "body": "{\"packages\": []}", "cut_after": 5 });
    let mut answers: Vec<_> = [429, 500, 502, 503, 504].map(|status| Answer::new(status, "")).into();
    answers.extend(["IOTDA.021101", "IOTDA.021102", "APIGW.0308", "APIG.0308"].map(throttled));
    answers.extend([Answer::nothing(), Answer::silence(), Answer::from_fixture(&cut)]);
    for answer in answers {
        for outcome in outcomes(&[answer.clone(), answer.clone()], impatient()).await {
            assert_eq!(outcome.unwrap_or_else(|error| panic!("{answer:?}: {error:?}")), 3);
        }
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    for status in [300, 301, 307, 400, 401, 403, 405, 408, 409, 410, 413, 415, 422] {
        for outcome in outcomes(&[Answer::new(status, "")], impatient()).await {
            assert_eq!(outcome.unwrap_err().attempts(), 1, "{status}");
        }
    }
    // Nor is what no other attempt would make better.
    for answer in [Answer::new(200, "<html>"), Answer::new(200, r#"{"error_code":"IOTDA.1"}"#)] {
        for outcome in outcomes(&[answer], impatient()).await {
            assert_eq!(outcome.unwrap_err().attempts(), 1);
        }
    }
}

#[tokio::test]
async fn the_policy_bounds_the_attempts_for_the_client_and_for_one_call() {
    let down = vec![Answer::new(503, ""); 20];
    for outcome in outcomes(&down, impatient().max_attempts(7)).await {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 7));
    }
    let stub = Stub::always(Answer::new(503, "")).await;
    let list = stub.client().packages().list(PackageType::Firmware).retry(RetryPolicy::none());
    assert_eq!(list.send().await.unwrap_err().attempts(), 1);
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn a_delete_that_is_repeated_and_finds_nothing_has_succeeded() {
    let gone = || Answer::new(404, "").header("x-request-id", "fake-request-2");
    for first in [Answer::nothing(), Answer::new(500, ""), Answer::new(504, "")] {
        let stub = at_first(vec![first, gone()]).await;
        let deleted = stub.client().packages().delete(ID).send().await.unwrap();
        assert_eq!((deleted.attempts(), deleted.status()), (2, 404));
        assert_eq!(deleted.request_id(), Some("fake-request-2"));
    }
    // What never reached the service, or was refused there, deleted nothing.
    for first in [Answer::new(429, ""), throttled("IOTDA.021101")] {
        let stub = at_first(vec![first, gone()]).await;
        let error = stub.client().packages().delete(ID).send().await.unwrap_err();
        assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    }
    let target = target().await;
    target.faults().add("create_token:status:status=503,times=1".parse().unwrap()).unwrap();
    let client = target.addresses().credentials(target.user()).retry(impatient()).build().unwrap();
    let error = client.packages().delete("0".repeat(32)).send().await.unwrap_err();
    assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    let stub = at_first(vec![gone()]).await;
    assert!(stub.client().packages().delete(ID).send().await.unwrap_err().is_not_found());
    let stub = at_first(vec![Answer::new(500, ""), gone()]).await;
    assert!(stub.client().packages().show(ID).send().await.unwrap_err().is_not_found(), "what is shown is not there");
}

#[tokio::test]
async fn a_delete_that_is_answered_oddly_is_looked_up() {
    let odd = || Answer::new(200, "<html>sign in</html>");
    let shown =
        |answer: Answer| Stub::start(move |request| if request.method == "DELETE" { odd() } else { answer.clone() });
    let deleted = shown(Answer::new(404, "")).await.client().packages().delete(ID).send().await.unwrap();
    assert_eq!(deleted.status(), 200);

    let stub = shown(Answer::new(200, format!(r#"{{"package_id":"{ID}"}}"#))).await;
    for outcome in
        [stub.client().packages().delete(ID).send().await, stub.client().packages().delete(ID).send_unchecked().await]
    {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible);
        assert!(error.to_string().contains("it was looked up and is still there"), "{error}");
    }

    for impossible in [odd(), Answer::new(503, ""), Answer::new(403, "")] {
        let error = shown(impossible).await.client().packages().delete(ID).send().await.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error:?}");
        let sought = error.sought().unwrap();
        assert_eq!(sought, &Sought::Deleted { package_id: ID.into() });
        assert_eq!(sought.command(), format!("iotda-ota package show {ID}"));
        assert!(error.hint().unwrap().contains(&sought.command()));
    }
}

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
async fn a_wait_that_iam_asks_for_is_kept_too() {
    let target = target().await;
    target.faults().add("create_token:throttle:status=503,retry-after=31536000".parse().unwrap()).unwrap();
    let client = target.addresses().credentials(target.user()).retry(impatient()).build().unwrap();
    let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
    // The wait is not made: the test would not end.
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_secs(31_536_000))));
    assert_eq!(target.faults().list()[0].hits, 1);
    target.faults().clear();
    target.faults().add("list_projects:throttle:retry-after=31536000".parse().unwrap()).unwrap();
    let client = target.addresses().access_key(target.access_key()).retry(impatient()).build().unwrap();
    let error = client.packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_secs(31_536_000))));
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

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_not_cut_short_but_never_slept_past_the_deadline() {
    // None of these waits is made: the test would not end.
    let year = Answer::new(503, "").header("retry-after", "31536000");
    for outcome in outcomes(&[year], impatient()).await {
        let error = outcome.unwrap_err();
        assert_eq!((error.attempts(), error.retry_after()), (1, Some(Duration::from_secs(31_536_000))));
    }
    let stub = Stub::always(Answer::new(429, "").header("retry-after", "50")).await;
    let list = stub.client().packages().list(PackageType::Firmware).deadline(Duration::from_secs(40));
    assert_eq!(list.send().await.unwrap_err().attempts(), 1);
    // What cannot be read is no wish.
    for garbage in ["soon", "-1", "1e9", "99:99", "\u{7f}"] {
        let answer = Answer::new(503, "").header("retry-after", garbage);
        for outcome in outcomes(&[answer], impatient()).await {
            assert_eq!(outcome.unwrap(), 2, "{garbage:?}");
        }
    }
}

#[tokio::test]
async fn the_deadline_ends_a_call_that_the_policy_would_not() {
    let stub = Stub::always(Answer::silence()).await;
    let client = stub.builder().timeout(Duration::from_secs(3600)).build().unwrap();
    let list = client.packages().list(PackageType::Firmware).deadline(Duration::from_millis(300));
    let error = list.send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 1));
    let location = iotda_ota::ObsLocation::new("cn-north-4", "abc", "x.bin");
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let error = create.deadline(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_outcome_unknown() && error.sought().is_some(), "{error:?}");
}

#[tokio::test]
async fn limits_that_no_clock_can_show_are_no_limits() {
    let stub = at_first(vec![Answer::new(503, "")]).await;
    let client = stub.builder().timeout(Duration::MAX).build().unwrap();
    let list = client.packages().list(PackageType::Firmware).deadline(Duration::MAX);
    assert_eq!(list.send().await.unwrap().attempts(), 2);
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

#[tokio::test]
async fn a_stream_goes_on_over_pages_that_fail_at_first() {
    use futures_util::TryStreamExt;
    let count = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match count.fetch_add(1, Ordering::Relaxed) {
        even if even % 2 == 0 => Answer::new(502, ""),
        _ if request.target.contains("marker=") => Answer::new(200, r#"{"packages":[{"package_id":"a"}]}"#),
        _ => Answer::new(200, r#"{"packages":[{"package_id":"b"},{"package_id":"c"}],"page":{"marker":"m"}}"#),
    })
    .await;
    let packages = stub.client().packages().list(PackageType::Firmware).limit(2).stream();
    let packages: Vec<_> = packages.try_collect().await.unwrap();
    assert_eq!(packages.len(), 3);
}
