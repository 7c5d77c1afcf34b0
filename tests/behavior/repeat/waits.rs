//! How long a call waits, and what ends it.

use std::time::Duration;

use iotda_ota::{ErrorKind, PackageType};
use support::{Answer, Stub, impatient, target};

use super::{at_first, outcomes};

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
