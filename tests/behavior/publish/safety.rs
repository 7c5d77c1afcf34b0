//! Publishing is safe to repeat, to break off, and to do twice at once; and proves what is stored if asked to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use iotda_ota::{ErrorKind, Outcome, Phase, Publish};
use support::{Answer, Fault, Proxy, Received, Target, impatient, target};

use super::{packages, publish};
use crate::{local_file, sha256};

const KEY: &str = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";

/// More than one part of the usual size.
fn large() -> Vec<u8> {
    (0..17 * 1024 * 1024 + 1_u32).map(|at| (at / 11 % 251) as u8).collect()
}

/// Publishes by way of a proxy before OBS.
fn by(proxy: &Proxy, target: &Target, file: &std::path::Path) -> Publish {
    let client = target.builder().obs_endpoint(proxy.endpoint()).retry(impatient()).build().expect("it is valid");
    client.publish(file, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket())
}

#[tokio::test]
async fn a_large_file_is_published_in_one_pass_and_again_without_sending_anything() {
    let target = target().await;
    let content = large();
    let (_folder, path) = local_file("upgrade.bin", &content);
    let proxy = Proxy::start(target.obs_endpoint(), |_| Fault::None).await;
    let phases = Arc::<Mutex<Vec<Phase>>>::default();
    let heard = Arc::clone(&phases);
    let first = by(&proxy, &target, &path).on_progress(move |progress| heard.lock().unwrap().push(progress.phase));
    let first = first.send().await.unwrap();
    assert_eq!((first.outcome, first.package.sign().unwrap().as_str()), (Outcome::Created, &*sha256(&content)));
    let mut phases = phases.lock().unwrap().clone();
    phases.dedup();
    assert_eq!(phases, [Phase::Upload, Phase::Create]);
    assert_eq!(proxy.count("PUT", "partNumber="), 3);

    proxy.turn(|_| Fault::None);
    let second = by(&proxy, &target, &path).send().await.unwrap();
    assert_eq!((second.outcome, second.package), (Outcome::Verified, first.package));
    assert!(proxy.received().iter().all(|request| request.method == "HEAD"));
}

#[tokio::test]
async fn a_publish_that_was_broken_off_in_the_upload_goes_on_and_leaves_nothing_behind() {
    let target = target().await;
    let content = large();
    let (_folder, path) = local_file("upgrade.bin", &content);
    let state = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(target.obs_endpoint(), |request| match request.is("PUT", "partNumber=3") {
        true => Fault::Cut,
        false => Fault::None,
    })
    .await;
    let client = target.builder().obs_endpoint(proxy.endpoint()).retry(impatient()).state_dir(state.path());
    let client = client.build().unwrap();
    let publish = client.publish(&path, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket());
    assert!(publish.send().await.unwrap_err().is_retryable());
    assert_eq!(packages(&target).await, Some(0));
    proxy.turn(|_| Fault::None);
    assert_eq!(publish.send().await.unwrap().outcome, Outcome::Created);
    assert_eq!(proxy.count("PUT", "partNumber="), 1);
    assert_eq!(std::fs::read_dir(state.path().join("uploads")).unwrap().count(), 0);
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn two_at_once_make_one_package_and_both_succeed() {
    for content in [b"fake firmware".to_vec(), large()] {
        let target = target().await;
        let (_folder, path) = local_file("upgrade.bin", &content);
        let state = tempfile::tempdir().unwrap();
        let publish = || publish(&target, &path, "2.0").journal_dir(state.path());
        let (first, second) = (publish(), publish());
        let (first, second) = tokio::join!(first.send(), second.send());
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(first.package.package_id, second.package.package_id);
        assert_ne!(first.outcome, second.outcome);
        assert_eq!(packages(&target).await, Some(1));
    }
}

/// Answers the content of the object with other bytes.
fn liar(request: &Received) -> Fault {
    match request.method == "GET" && request.target.contains("upgrade.bin") && !request.target.contains('?') {
        true => Fault::Answer(Answer::new(200, "fake FIRMWARE")),
        false => Fault::None,
    }
}

#[tokio::test]
async fn a_stored_object_that_reads_back_differently_makes_no_package_if_that_is_asked() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let proxy = Proxy::start(target.obs_endpoint(), liar).await;
    let error = by(&proxy, &target, &path).verify_object(true).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains(KEY), "{error}");
    assert_eq!(packages(&target).await, Some(0));
    // With an honest store it succeeds, and reads what it sent.
    proxy.turn(|_| Fault::None);
    by(&proxy, &target, &path).verify_object(true).send().await.unwrap();
    assert_eq!(proxy.count("GET", KEY), 1);
    // So does the same again, and the lie is noticed then, too.
    assert_eq!(by(&proxy, &target, &path).verify_object(true).send().await.unwrap().outcome, Outcome::Verified);
    proxy.turn(liar);
    let error = by(&proxy, &target, &path).verify_object(true).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(by(&proxy, &target, &path).send().await.unwrap().outcome, Outcome::Verified);
}

#[tokio::test]
async fn a_folder_for_state_that_cannot_be_used_is_a_warning() {
    let target = target().await;
    let (folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = publish(&target, &path, "2.0").journal_dir(folder.path().join("upgrade.bin")).send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    let fields: Vec<_> = published.warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(fields, ["journal_dir"]);
}

#[tokio::test]
async fn a_large_file_that_changes_on_the_way_leaves_neither_package_nor_object() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", &large());
    let (changed, done) = (path.clone(), AtomicBool::new(false));
    let publish = publish(&target, &path, "2.0").on_progress(move |progress| {
        if progress.phase == Phase::Upload && progress.bytes > 0 && !done.swap(true, Ordering::SeqCst) {
            std::fs::write(&changed, b"fake firmware").unwrap();
        }
    });
    assert_eq!(publish.send().await.unwrap_err().kind(), ErrorKind::Mismatch);
    assert_eq!(packages(&target).await, Some(0));
    assert!(target.client().obs().unwrap().head(target.bucket(), KEY).await.unwrap_err().is_not_found());
}
