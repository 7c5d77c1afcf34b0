//! An OBS that takes requests and says nothing: every call ends when its caller says so.

use std::time::{Duration, Instant};

use iotda_ota::{Error, ErrorKind, IfExists, Obs, PackageType, RetryPolicy};
use support::{Answer, Fault, Proxy, Stub, Target, impatient, target};

use crate::{firmware, local_file, object};

/// What a caller allows for one call.
const DEADLINE: Duration = Duration::from_millis(300);

/// The deadline of an outer call that does not come to it, unless nothing else ends it.
const LONG: Duration = Duration::from_secs(30);

async fn silent() -> (Stub, Obs) {
    let stub = Stub::always(Answer::silence()).await;
    let obs = stub.client().obs().expect("there is an address");
    (stub, obs)
}

/// A target whose OBS says nothing from the request on that passes the test.
async fn silent_at(target: &Target, test: impl Fn(&support::Received) -> bool + Send + Sync + 'static) -> Proxy {
    Proxy::start(target.obs_endpoint(), move |request| match test(request) {
        true => Fault::Silence,
        false => Fault::None,
    })
    .await
}

/// The error of a call, which has to end at its deadline.
async fn late<T>(call: impl Future<Output = Result<T, Error>>) -> Error {
    late_as(ErrorKind::Unavailable, call).await
}

/// The same for one that is another kind of error then.
async fn late_as<T>(kind: ErrorKind, call: impl Future<Output = Result<T, Error>>) -> Error {
    let begun = Instant::now();
    let error = tokio::time::timeout(LONG, call).await.expect("it ends by itself").err().expect("it does not succeed");
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(error.hint().is_some() && begun.elapsed() >= DEADLINE, "{error:?}");
    error
}

#[tokio::test]
async fn calls_to_objects_end_at_their_deadline() {
    let (stub, obs) = silent().await;
    let (folder, path) = local_file("upgrade.bin", &vec![7; 300_000]);
    let obs = obs.deadline(DEADLINE);
    late(obs.head("abc", "a.bin")).await;
    late(obs.checksum("abc", "a.bin")).await;
    late(obs.delete("abc", "a.bin")).await;
    late(obs.upload("abc", "a.bin", &path).send()).await;
    // The deadline of the handle is that of each of its calls, and an upload may have another.
    let upload = stub.client().obs().unwrap().upload("abc", "a.bin", &path).replace(true).deadline(DEADLINE);
    late(upload.clone().send()).await;
    late(upload.part_size(100 * 1024).journal_dir(folder.path().join("journals")).send()).await;
    // No attempt followed one that took all the time.
    assert_eq!(stub.received().len(), 6);
}

#[tokio::test]
async fn an_attempt_without_content_has_a_time_limit_of_its_own() {
    let (stub, obs) = silent().await;
    let obs = obs.timeout(DEADLINE / 2).retry(impatient().max_attempts(2));
    let error = late(obs.head("abc", "a.bin")).await;
    assert!(error.attempts() == 2 && error.to_string().contains("within the time limit"), "{error}");
    late(obs.checksum("abc", "a.bin")).await;
    assert_eq!(stub.received().len(), 4);
    // That of the client counts where none is given.
    let client = stub.builder().timeout(DEADLINE).retry(RetryPolicy::none()).build().unwrap();
    late(client.obs().unwrap().delete("abc", "a.bin")).await;
}

#[tokio::test]
async fn how_often_a_request_is_tried_is_up_to_the_call() {
    let stub = Stub::always(Answer::new(503, "")).await;
    let obs = stub.client().obs().unwrap().retry(impatient().max_attempts(2));
    assert_eq!(obs.checksum("abc", "a.bin").await.unwrap_err().attempts(), 2);
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let upload = obs.upload("abc", "a.bin", &path).replace(true).retry(impatient().max_attempts(3));
    assert_eq!(upload.send().await.unwrap_err().attempts(), 3);
    assert_eq!(stub.received().len(), 5);
    // Nothing is waited for that would come too late.
    let stub = Stub::always(Answer::new(503, "").header("retry-after", "20")).await;
    let error = stub.client().obs().unwrap().deadline(Duration::from_secs(5)).head("abc", "a.bin").await.unwrap_err();
    assert_eq!((error.attempts(), error.status()), (1, Some(503)));
}

#[tokio::test]
async fn verify_ends_at_its_deadline() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    for method in ["HEAD", "GET"] {
        let proxy = silent_at(&target, move |request| request.method == method).await;
        let client = target.builder().obs_endpoint(proxy.endpoint()).build().unwrap();
        late(client.verify(&package.package_id).deadline(DEADLINE).send()).await;
        let verify = client.verify(&package.package_id).timeout(DEADLINE).retry(RetryPolicy::none());
        late(verify.deadline(LONG).send()).await;
    }
}

#[tokio::test]
async fn deleting_a_package_with_its_object_ends_at_its_deadline() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    for (method, kind) in [("HEAD", ErrorKind::Unavailable), ("DELETE", ErrorKind::Incomplete)] {
        let proxy = silent_at(&target, move |request| request.method == method).await;
        let client = target.builder().obs_endpoint(proxy.endpoint()).build().unwrap();
        late_as(kind, client.packages().delete(&package.package_id).deadline(DEADLINE).with_object().send()).await;
    }
    assert!(target.client().packages().show(&package.package_id).send().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn publishing_ends_at_its_deadline_whatever_step_it_is_at() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = |obs: &str, version: &str| {
        let client = target.builder().obs_endpoint(obs).build().expect("the settings are valid");
        client.publish(&path, "my-app", "my-product", PackageType::Firmware, version).bucket(target.bucket())
    };
    let first = publish(target.obs_endpoint(), "1.0").send().await.unwrap();
    for (if_exists, method, version) in [
        (IfExists::Verify, "HEAD", "2.0"),
        (IfExists::Verify, "PUT", "2.0"),
        (IfExists::Verify, "HEAD", "1.0"),
        (IfExists::Replace, "HEAD", "1.0"),
        (IfExists::Replace, "GET", "1.0"),
    ] {
        let proxy = silent_at(&target, move |request| request.method == method).await;
        let publish = publish(&proxy.endpoint(), version).if_exists(if_exists).verify_object(true);
        late(publish.deadline(DEADLINE).send()).await;
    }
    let stays = target.client().packages().show(&first.package.package_id).send().await.unwrap();
    assert_eq!(stays.package_id, first.package.package_id);
}
