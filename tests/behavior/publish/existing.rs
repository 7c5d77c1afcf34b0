//! Publishing what is there already: the same again, something else, and an object in the way.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use iotda_ota::{ErrorKind, IfExists, Outcome, Package, PackageType, Published};
use support::{Answer, Fault, Proxy, Target, impatient, target};

use super::{packages, publish};
use crate::{firmware, local_file, sha256};

/// Where a file of version 2.0 goes unless told otherwise.
const KEY: &str = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";

async fn checksum(target: &Target, key: &str) -> String {
    let obs = target.client().obs().expect("the target has OBS");
    obs.checksum(target.bucket(), key).await.expect("the object exists").to_string()
}

#[tokio::test]
async fn the_same_file_again_is_verified() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let first = publish(&target, &path, "2.0").send().await.unwrap();
    let second = publish(&target, &path, "2.0").send().await.unwrap();
    assert_eq!((first.outcome, second.outcome), (Outcome::Created, Outcome::Verified));
    assert_eq!((first.package, first.object), (second.package, second.object));
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn the_same_file_under_another_name_is_verified_and_another_key_that_was_asked_for_warned_about() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").send().await.unwrap();
    let (_folder, path) = local_file("renamed.bin", b"fake firmware");
    let second = publish(&target, &path, "2.0").send().await.unwrap();
    assert_eq!(second.outcome, Outcome::Verified);
    assert_eq!(second.object.unwrap().object_key, KEY);
    assert!(second.warnings.is_empty(), "{:?}", second.warnings);
    let third = publish(&target, &path, "2.0").object_key("mine/renamed.bin").send().await.unwrap();
    assert_eq!((third.outcome, third.warnings.len()), (Outcome::Verified, 1));
    assert_eq!(third.warnings[0].field, "file_location.obs_location.object_key");
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn a_changed_file_of_the_same_version_is_a_mismatch_and_changes_nothing() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").send().await.unwrap();
    std::fs::write(&path, b"other firmware").unwrap();
    let error = publish(&target, &path, "2.0").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("2.0") && error.hint().is_some(), "{error:?}");
    assert_eq!(checksum(&target, KEY).await, sha256(b"fake firmware"));
    assert_eq!(packages(&target).await, Some(1));
    assert_eq!(publish(&target, &path, "2.1").send().await.unwrap().outcome, Outcome::Created);
}

#[tokio::test]
async fn fail_reports_the_package_that_exists() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let first = publish(&target, &path, "2.0").if_exists(IfExists::Fail).send().await.unwrap();
    let error = publish(&target, &path, "2.0").if_exists(IfExists::Fail).send().await.unwrap_err();
    assert!(error.is_already_exists(), "{error:?}");
    assert!(error.to_string().contains(first.package.package_id.as_str()), "{error}");
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn skip_answers_the_package_that_exists_whatever_the_file_holds() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let first = publish(&target, &path, "2.0").if_exists(IfExists::Skip).send().await.unwrap();
    assert_eq!(first.outcome, Outcome::Created);
    std::fs::write(&path, b"other firmware").unwrap();
    let second = publish(&target, &path, "2.0").if_exists(IfExists::Skip).send().await.unwrap();
    assert_eq!((second.outcome, second.package), (Outcome::Skipped, first.package));
    assert_eq!(checksum(&target, KEY).await, sha256(b"fake firmware"));
}

#[tokio::test]
async fn another_product_app_or_version_is_another_package() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let client = target.client();
    publish(&target, &path, "2.0").send().await.unwrap();
    for (app, product, version) in
        [("app-2", "my-product", "2.0"), ("my-app", "product-2", "2.0"), ("my-app", "my-product", "2")]
    {
        let publish = client.publish(&path, app, product, "firmware", version).bucket(target.bucket());
        let published = publish.if_exists(IfExists::Fail).send().await.unwrap();
        assert_eq!(published.outcome, Outcome::Created);
    }
    let modules = ["camera", "radio"].map(|module| {
        let publish = client.publish(&path, "my-app", "my-product", "module", "2.0").bucket(target.bucket());
        publish.module_name(module).if_exists(IfExists::Fail)
    });
    for publish in modules {
        assert_eq!(publish.send().await.unwrap().outcome, Outcome::Created);
    }
}

#[tokio::test]
async fn an_object_with_other_content_is_not_overwritten() {
    let target = target().await;
    // Of the same size, so that only the content can tell.
    let (_folder, other) = local_file("other.bin", b"fake FIRMWARE");
    target.upload(KEY, &other).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let error = publish(&target, &path, "2.0").send().await.unwrap_err();
    assert!(error.is_already_exists(), "{error:?}");
    assert!(error.to_string().contains(KEY) && error.hint().is_some(), "{error:?}");
    assert_eq!(checksum(&target, KEY).await, sha256(b"fake FIRMWARE"));
    assert_eq!(packages(&target).await, Some(0));
    let elsewhere = publish(&target, &path, "2.0").object_key("elsewhere/upgrade.bin").send().await.unwrap();
    assert_eq!(elsewhere.outcome, Outcome::Created);
}

#[tokio::test]
async fn an_object_with_the_same_content_is_used() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    target.upload(KEY, &path).await;
    let published = publish(&target, &path, "2.0").send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    assert_eq!(published.object.unwrap().object_key, KEY);
}

/// Registers a package without a sign, as other tools may do.
async fn unsigned(target: &Target, file: &Path) {
    let mut location = target.upload("by-hand.bin", file).await;
    location.sign = None;
    firmware(target, "2.0", &location).send().await.expect("the package is created");
}

#[tokio::test]
async fn a_package_without_a_sign_is_verified_by_its_content() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    unsigned(&target, &path).await;
    assert_eq!(publish(&target, &path, "2.0").send().await.unwrap().outcome, Outcome::Verified);
    std::fs::write(&path, b"fake FIRMWARE").unwrap();
    let error = publish(&target, &path, "2.0").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
}

#[tokio::test]
async fn a_package_whose_object_changed_its_size_is_a_mismatch() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").send().await.unwrap();
    let (_folder, other) = local_file("other.bin", b"something else entirely");
    target.upload(KEY, &other).await;
    let error = publish(&target, &path, "2.0").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert_eq!(checksum(&target, KEY).await, sha256(b"something else entirely"));
}

#[tokio::test]
async fn one_of_several_packages_of_a_version_is_enough() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    unsigned(&target, &path).await;
    let (_folder, other) = local_file("other.bin", b"other firmware");
    let location = target.upload("other.bin", &other).await;
    firmware(&target, "2.0", &location).send().await.unwrap();
    assert_eq!(publish(&target, &path, "2.0").send().await.unwrap().outcome, Outcome::Verified);
    assert_eq!(publish(&target, &other, "2.0").send().await.unwrap().outcome, Outcome::Verified);
    assert_eq!(packages(&target).await, Some(2));
}

/// Publishes by way of a proxy before IoTDA.
async fn by(proxy: &Proxy, target: &Target, file: &Path, if_exists: IfExists) -> Published {
    let client = target.builder().endpoint(proxy.endpoint()).retry(impatient()).build().expect("it is valid");
    let publish = client.publish(file, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket());
    publish.if_exists(if_exists).send().await.expect("it succeeds")
}

#[tokio::test]
async fn of_packages_that_are_the_same_the_oldest_is_taken_which_is_the_one_that_stays() {
    for if_exists in [IfExists::Verify, IfExists::Skip, IfExists::Replace] {
        let target = target().await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let location = target.upload(KEY, &path).await;
        for _ in 0..5 {
            firmware(&target, "2.0", &location).send().await.unwrap();
        }
        let all = target.client().packages().list(PackageType::Firmware).send().await.unwrap().into_inner().packages;
        // Of equally old ones the one with the first id.
        let age =
            |package: &Package| (package.create_time.as_ref().unwrap().to_string(), package.package_id.to_string());
        let oldest = all.iter().min_by_key(|package| age(package)).unwrap();
        let published = publish(&target, &path, "2.0").if_exists(if_exists).send().await.unwrap();
        assert_eq!(published.package.package_id, oldest.package_id, "{if_exists:?}");
        let left = if if_exists == IfExists::Replace { 1 } else { 5 };
        assert_eq!(packages(&target).await, Some(left));
    }
}

#[tokio::test]
async fn one_that_somebody_deletes_after_it_was_listed_is_passed_over() {
    for (if_exists, outcome) in [
        (IfExists::Verify, Outcome::Verified),
        (IfExists::Skip, Outcome::Skipped),
        (IfExists::Replace, Outcome::Verified),
    ] {
        let target = target().await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let location = target.upload(KEY, &path).await;
        for _ in 0..2 {
            firmware(&target, "2.0", &location).send().await.unwrap();
        }
        // The one that is looked at first is gone by then.
        let gone = Arc::<OnceLock<String>>::default();
        let first = Arc::clone(&gone);
        let proxy = Proxy::start(target.endpoint(), move |request| {
            let shown = request.method == "GET" && !request.target.contains('?');
            match shown && *first.get_or_init(|| request.target.clone()) == request.target {
                true => Fault::Answer(Answer::new(404, "")),
                false => Fault::None,
            }
        })
        .await;
        let published = by(&proxy, &target, &path, if_exists).await;
        assert_eq!((published.outcome, published.replaced), (outcome, vec![]), "{if_exists:?}");
        assert!(!gone.get().unwrap().ends_with(published.package.package_id.as_str()));
    }
}

#[tokio::test]
async fn when_all_are_gone_after_they_were_listed_the_package_is_created() {
    for if_exists in [IfExists::Verify, IfExists::Skip, IfExists::Replace] {
        let target = target().await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let proxy = Proxy::start(target.endpoint(), {
            let lists = AtomicUsize::new(0);
            move |request| match request.is("GET", "?") && lists.fetch_add(1, Ordering::SeqCst) == 0 {
                true => Fault::Answer(Answer::new(
                    200,
                    r#"{"packages":[{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3"}]}"#,
                )),
                false => Fault::None,
            }
        })
        .await;
        let published = by(&proxy, &target, &path, if_exists).await;
        assert_eq!((published.outcome, packages(&target).await), (Outcome::Created, Some(1)), "{if_exists:?}");
    }
}
