//! Calls that may be repeated: which failures are, which are not, and what ends it. Deletes are in `repeat/delete`, waits
//! and limits of time in `repeat/waits`, credentials in `repeat/credentials`.

mod credentials;
mod delete;
mod waits;

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use iotda_ota::{Error, ErrorKind, PackageType, RetryPolicy};
use support::{Answer, LIMIT, Received, Stub, impatient};

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
    join_all((0..3).map(async |operation| {
        let stub = at_first(answers.to_vec()).await;
        let client = stub.builder().timeout(LIMIT).retry(policy.clone()).build().expect("the settings are valid");
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
        outcome
    }))
    .await
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
async fn a_stream_goes_on_over_pages_that_fail_at_first() {
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
