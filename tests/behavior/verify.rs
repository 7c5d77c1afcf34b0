//! Verify: what is registered, what is stored and what is here agree, or the one that differs is named.

use std::path::Path;

use iotda_ota::{ErrorKind, ObsLocation, PackageId, Phase, Verification};
use support::{Target, target};

use crate::{firmware, local_file, sha256};

const CONTENT: &[u8] = b"fake firmware";

/// A package whose sign is that of its object, unless it is changed.
async fn package(target: &Target, change: impl FnOnce(&mut ObsLocation)) -> PackageId {
    let (_folder, path) = local_file("upgrade.bin", CONTENT);
    let mut location = target.upload("a.bin", &path).await;
    change(&mut location);
    let created = firmware(target, "2.0", &location).send().await.expect("the package is created");
    created.into_inner().package_id
}

async fn verify(target: &Target, package: &PackageId, file: Option<&Path>) -> Verification {
    let verify = target.client().verify(package);
    let verify = if let Some(file) = file { verify.file(file) } else { verify };
    verify.send().await.expect("everything can be read")
}

/// The names of those that differ.
fn wrong(found: &Verification) -> Vec<&str> {
    assert_eq!(found.ok, found.checks.iter().all(|check| check.ok));
    found.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

#[tokio::test]
async fn what_agrees_is_fine_with_and_without_a_file() {
    let target = target().await;
    let package = package(&target, |_| {}).await;
    let (_folder, path) = local_file("other-name.bin", CONTENT);
    let found = verify(&target, &package, Some(&path)).await;
    assert_eq!((found.ok, &found.package_id), (true, &package));
    let names: Vec<_> = found.checks.iter().map(|check| check.name).collect();
    assert_eq!(names, ["sign", "object", "file"]);
    assert!(found.checks.iter().all(|check| check.found.as_ref().unwrap().as_str() == sha256(CONTENT)));
    assert!(verify(&target, &package, None).await.ok);
}

#[tokio::test]
async fn the_one_that_differs_is_named() {
    let target = target().await;
    let package = package(&target, |_| {}).await;
    let (_folder, other) = local_file("other.bin", b"fake FIRMWARE");
    assert_eq!(wrong(&verify(&target, &package, Some(&other)).await), ["file"]);

    target.upload("a.bin", &other).await;
    let (_folder, path) = local_file("upgrade.bin", CONTENT);
    let found = verify(&target, &package, Some(&path)).await;
    assert_eq!(wrong(&found), ["object"]);
    let object = found.checks.iter().find(|check| check.name == "object").unwrap();
    assert_eq!(object.found.as_ref().unwrap().as_str(), sha256(b"fake FIRMWARE"));
    assert_eq!(object.expected.as_ref().unwrap().as_str(), sha256(CONTENT));
    // What is stored and what is here are the same, so the registered one is wrong.
    assert_eq!(wrong(&verify(&target, &package, Some(&other)).await), ["sign"]);
}

#[tokio::test]
async fn a_missing_object_is_named_and_a_missing_sign_is_not() {
    let target = target().await;
    let package = package(&target, |location| location.sign = None).await;
    let found = verify(&target, &package, None).await;
    assert!(found.ok && found.checks.len() == 1, "{found:?}");
    let (_folder, other) = local_file("other.bin", b"fake FIRMWARE");
    assert_eq!(wrong(&verify(&target, &package, Some(&other)).await), ["file"]);
    target.client().obs().unwrap().delete(target.bucket(), "a.bin").await.unwrap();
    let found = verify(&target, &package, None).await;
    assert_eq!((wrong(&found), found.checks[0].found.as_ref()), (vec!["object"], None));
}

#[tokio::test]
async fn what_cannot_be_compared_is_an_error() {
    let target = target().await;
    let missing = target.client().verify("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await.unwrap_err();
    assert!(missing.is_not_found(), "{missing:?}");
    let package = package(&target, |_| {}).await;
    let verify = target.client().verify(&package).file("no/such/file.bin");
    assert!(verify.send().await.unwrap_err().is_invalid());
    let elsewhere = target.builder().obs_region("cn-east-3").build().unwrap();
    let error = elsewhere.verify(&package).send().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Configuration && error.hint().is_some(), "{error:?}");
}

#[tokio::test]
async fn progress_tells_of_the_file_and_of_the_object() {
    let target = target().await;
    let package = package(&target, |_| {}).await;
    let (_folder, path) = local_file("upgrade.bin", CONTENT);
    let heard = std::sync::Arc::<std::sync::Mutex<Vec<_>>>::default();
    let listener = std::sync::Arc::clone(&heard);
    let verify = target.client().verify(&package).file(&path);
    verify.on_progress(move |progress| listener.lock().unwrap().push(progress)).send().await.unwrap();
    for phase in [Phase::Hash, Phase::Verify] {
        let heard = heard.lock().unwrap();
        let last = heard.iter().rfind(|progress| progress.phase == phase).unwrap();
        assert_eq!((last.bytes, last.total), (CONTENT.len() as u64, CONTENT.len() as u64));
    }
}
