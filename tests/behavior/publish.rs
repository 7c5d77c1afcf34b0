//! Publish a file: what is stored and registered, and that nothing is left half done.
//!
//! `existing` is about packages and objects that are there already, `replace` about putting others in their place, `file`
//! about files that cannot be published, `safety` about breaking off and repeating, `strict` about a service that takes one
//! package of a version, and `unclear` about one that says little, or changes under the hand.

mod existing;
mod file;
mod replace;
mod safety;
mod strict;
mod unclear;

use std::path::Path;
use std::sync::{Arc, Mutex};

use iotda_ota::{AccessKey, ErrorKind, Outcome, PackageType, Phase, Publish};
use support::{Answer, Received, Stub, Target, fixture, target};

use crate::{local_file, sha256};

/// Publishes a file as firmware of this version.
fn publish(target: &Target, file: &Path, version: &str) -> Publish {
    target.client().publish(file, "my-app", "my-product", PackageType::Firmware, version).bucket(target.bucket())
}

/// How many firmware packages the target has.
async fn packages(target: &Target) -> Option<u64> {
    let page = target.client().packages().list(PackageType::Firmware).send().await;
    page.expect("the list is answered").count
}

#[tokio::test]
async fn the_sample_firmware_is_stored_and_registered_as_it_is() {
    let target = target().await;
    let sample = fixture::sample_firmware();
    let content = std::fs::read(&sample).unwrap();
    let published = publish(&target, &sample, "2.0").send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    assert_eq!(published.warnings, []);
    assert_eq!(published.package.sign().map(|sign| sign.as_str()), Some(sha256(&content).as_str()));

    let object = published.object.as_ref().unwrap();
    assert_eq!(object.object_key, "ota/my-app/my-product/firmwarePackage/2.0/sample.bin");
    assert_eq!((object.bucket_name.as_str(), object.size), (target.bucket(), Some(content.len() as u64)));
    assert_eq!(published.package.obs_location(), Some(&target.location(&object.object_key).sign(sha256(&content))));
    let obs = target.client().obs().unwrap();
    assert_eq!(obs.head(target.bucket(), &object.object_key).await.unwrap().size, content.len() as u64);
    assert_eq!(obs.checksum(target.bucket(), &object.object_key).await.unwrap().as_str(), sha256(&content));

    let shown = target.client().packages().show(&published.package.package_id).send().await.unwrap();
    assert_eq!(shown.into_inner(), published.package);
}

#[tokio::test]
async fn every_field_arrives() {
    let target = target().await;
    let (_folder, path) = local_file("摄像头 2.zip", b"fake module");
    let publish = target
        .client()
        .publish(&path, "my-app", "my-product", PackageType::Module, "2.0")
        .bucket(target.bucket())
        .module_name("camera.main")
        .support_source_versions(["1.0"])
        .description("升".repeat(1024))
        .custom_info("for devices");
    let published = publish.send().await.unwrap();
    let package = &published.package;
    assert_eq!(package.module_name.as_deref(), Some("camera.main"));
    assert_eq!(package.support_source_versions, ["1.0"]);
    assert_eq!(package.description, Some("升".repeat(1024)));
    assert_eq!(package.custom_info.as_deref(), Some("for devices"));
    let key = "ota/my-app/my-product/modulePackage/camera.main/2.0/摄像头 2.zip";
    assert_eq!(package.obs_location().map(|location| location.object_key.as_str()), Some(key));
    assert_eq!(publish.send().await.unwrap().outcome, Outcome::Verified);
}

#[tokio::test]
async fn a_plan_tells_the_request_and_sends_nothing() {
    let stub = Stub::always(Answer::new(500, "")).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = stub.client().publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    let plan = publish.plan().await.unwrap();
    let location = plan.request.file_location.obs_location.unwrap();
    assert_eq!(location.sign.unwrap().as_str(), sha256(b"fake firmware"));
    assert_eq!(location.object_key, "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin");
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn progress_only_grows_and_ends_at_the_whole() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", &vec![7; 2 * 1024 * 1024 + 1]);
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let listener = Arc::clone(&heard);
    let publish = publish(&target, &path, "2.0").on_progress(move |progress| listener.lock().unwrap().push(progress));
    publish.send().await.unwrap();
    let heard = heard.lock().unwrap();
    for phase in [Phase::Hash, Phase::Upload] {
        let of_phase: Vec<_> = heard.iter().filter(|progress| progress.phase == phase).collect();
        assert!(of_phase.len() > 2, "{of_phase:?}");
        assert!(of_phase.is_sorted_by_key(|progress| progress.bytes), "{of_phase:?}");
        assert!(of_phase.iter().all(|progress| progress.total == 2 * 1024 * 1024 + 1));
        assert_eq!((of_phase[0].bytes, of_phase.last().unwrap().bytes), (0, 2 * 1024 * 1024 + 1));
    }
    let mut phases: Vec<_> = heard.iter().map(|progress| progress.phase).collect();
    phases.dedup();
    assert_eq!(phases, [Phase::Hash, Phase::Upload, Phase::Create]);
}

#[tokio::test]
async fn warns_of_what_is_allowed_but_probably_not_meant() {
    let target = target().await;
    let (_folder, path) = local_file("UPGRADE.BIN", b"fake firmware");
    let version = "1".repeat(65);
    let published = publish(&target, &path, &version).support_source_versions([&*version]).send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    let fields: Vec<_> = published.warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(fields, ["version", "support_source_versions", "file_location.obs_location.object_key"]);
}

#[tokio::test]
async fn missing_credentials_are_found_before_anything_is_sent() {
    let stub = Stub::always(Answer::new(500, "")).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let builder = || {
        let builder = iotda_ota::Client::builder().endpoint(stub.endpoint()).obs_endpoint(stub.endpoint());
        builder.obs_region("cn-north-4").project_id("fake-project")
    };
    let client = builder().build().unwrap();
    let publish = client.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    let error = publish.send().await.unwrap_err();
    assert!(error.is_unauthenticated() && error.hint().is_some(), "{error:?}");
    assert!(stub.received().is_empty());

    // A token that IAM does not exchange is of no use for OBS, which is found out before the service is asked.
    let refusing = Stub::always(Answer::new(403, r#"{"error":{"code":403,"message":"no","title":"Forbidden"}}"#)).await;
    let client = builder().token("fake-token").iam_endpoint(refusing.endpoint()).build().unwrap();
    let publish = client.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    let error = publish.send().await.unwrap_err();
    assert!(error.is_unauthenticated() && error.hint().is_some_and(|hint| hint.contains("access key")), "{error:?}");
    assert_eq!((stub.received().len(), refusing.received().len()), (0, 1));
}

#[tokio::test]
async fn a_wrong_token_a_wrong_key_and_a_missing_bucket_leave_nothing() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let obs = target.client().obs().unwrap();
    let key = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";

    let stranger = target.builder().token("another-fake-token").build().unwrap();
    let publish = stranger.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket(target.bucket());
    assert!(publish.send().await.unwrap_err().is_unauthenticated());
    let wrong_key = AccessKey::new("EMULATOR-ACCESS-KEY", "another-secret");
    let keyless = target.builder().access_key(wrong_key).build().unwrap();
    let publish = keyless.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket(target.bucket());
    assert!(publish.send().await.unwrap_err().is_denied());
    let publish = self::publish(&target, &path, "2.0").bucket("no-such-bucket");
    let error = publish.send().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("no-such-bucket"), "{error:?}");

    assert!(obs.head(target.bucket(), key).await.unwrap_err().is_not_found());
    assert_eq!(packages(&target).await, Some(0));
}

/// A stub for which there is no package and no object, and which answers the call of this method otherwise.
async fn stub(method: &'static str, answer: Answer) -> Stub {
    let respond = move |request: &Received| match request.method.as_str() {
        found if found == method => answer.clone(),
        "GET" if request.target.contains('?') => Answer::new(200, r#"{"packages":[]}"#),
        "POST" => Answer::new(201, r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3"}"#),
        "HEAD" => Answer::new(404, ""),
        _ => Answer::new(500, ""),
    };
    Stub::start(respond).await
}

#[tokio::test]
async fn a_failed_upload_creates_no_package() {
    let stub = stub("PUT", Answer::new(503, "").header("x-obs-request-id", "fake-request-1")).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = stub.client().publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    let error = publish.send().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("obs_put_object")));
    assert_eq!(error.request_id(), Some("fake-request-1"));
    assert!(stub.received().iter().all(|request| request.method != "POST"));
}

#[tokio::test]
async fn an_object_that_arrived_short_creates_no_package() {
    let put = std::sync::atomic::AtomicBool::new(false);
    let stub = Stub::start(move |request| match request.method.as_str() {
        "PUT" => {
            put.store(true, std::sync::atomic::Ordering::SeqCst);
            Answer::new(200, "")
        }
        "HEAD" if put.load(std::sync::atomic::Ordering::SeqCst) => Answer::new(200, "").header("content-length", "4"),
        "HEAD" => Answer::new(404, ""),
        "GET" => Answer::new(200, r#"{"packages":[]}"#),
        _ => Answer::new(500, ""),
    })
    .await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = stub.client().publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    let error = publish.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(stub.received().iter().all(|request| request.method != "POST"));
}
