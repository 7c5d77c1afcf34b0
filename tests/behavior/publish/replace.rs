//! Replacing what is published: the new package is there before the old one goes, and no object is overwritten.

use std::path::Path;
use std::sync::{Arc, Mutex};

use iotda_ota::{IfExists, Outcome, Phase, Publish};
use support::{Fault, Proxy, Target, impatient, target};

use super::{packages, publish};
use crate::{firmware, local_file, sha256};

const KEY: &str = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";

fn replace(target: &Target, file: &Path) -> Publish {
    publish(target, file, "2.0").if_exists(IfExists::Replace)
}

async fn checksum(target: &Target, key: &str) -> String {
    let obs = target.client().obs().expect("the target has OBS");
    obs.checksum(target.bucket(), key).await.expect("the object exists").to_string()
}

#[tokio::test]
async fn what_does_not_exist_is_created() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = replace(&target, &path).send().await.unwrap();
    assert_eq!((published.outcome, published.object.unwrap().object_key.as_str()), (Outcome::Created, KEY));
}

#[tokio::test]
async fn other_content_takes_the_place_of_the_old_package_and_the_old_object_stays() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let first = publish(&target, &path, "2.0").send().await.unwrap();
    std::fs::write(&path, b"mended firmware").unwrap();
    let second = replace(&target, &path).send().await.unwrap();
    assert_eq!(second.outcome, Outcome::Replaced);
    assert_eq!(second.replaced, [first.package.package_id]);
    assert_eq!(second.package.sign().unwrap().as_str(), sha256(b"mended firmware"));
    let object = second.object.unwrap();
    let expected = format!("{}-{}.bin", KEY.trim_end_matches(".bin"), &sha256(b"mended firmware")[..12]);
    assert_eq!(object.object_key, expected);
    assert_eq!(checksum(&target, &expected).await, sha256(b"mended firmware"));
    assert_eq!(checksum(&target, KEY).await, sha256(b"fake firmware"));
    assert_eq!(packages(&target).await, Some(1));
    let warned: Vec<_> = second.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(warned.len() == 2 && warned.iter().all(|message| message.contains(KEY)), "{warned:?}");

    // Again, nothing is left to do; and back to the first content, whose object is still there.
    assert_eq!(replace(&target, &path).send().await.unwrap().outcome, Outcome::Verified);
    std::fs::write(&path, b"fake firmware").unwrap();
    let third = replace(&target, &path).send().await.unwrap();
    assert_eq!((third.outcome, third.object.unwrap().object_key.as_str()), (Outcome::Replaced, KEY));
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn other_fields_with_the_same_content_make_another_package_of_the_same_object() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").description("one").send().await.unwrap();
    let second = replace(&target, &path).description("two").send().await.unwrap();
    assert_eq!(second.outcome, Outcome::Replaced);
    assert_eq!(second.package.description.as_deref(), Some("two"));
    assert_eq!(second.object.unwrap().object_key, KEY);
    assert_eq!((packages(&target).await, second.warnings), (Some(1), vec![]));
}

#[tokio::test]
async fn a_key_that_was_asked_for_and_is_taken_is_varied_once_and_then_found_again() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").object_key("mine/x.bin").send().await.unwrap();
    std::fs::write(&path, b"mended firmware").unwrap();
    let mine = || replace(&target, &path).object_key("mine/x.bin");
    let second = mine().send().await.unwrap();
    assert_eq!(second.outcome, Outcome::Replaced);
    assert!(second.object.unwrap().object_key.starts_with("mine/x-"));
    assert_eq!(mine().send().await.unwrap().outcome, Outcome::Verified);
}

#[tokio::test]
async fn the_file_is_hashed_once_besides_being_uploaded() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").send().await.unwrap();
    // As long as the old one, so that contents have to be compared, and more than a part.
    for content in [b"FAKE firmware".to_vec(), vec![7; 9 << 20]] {
        std::fs::write(&path, content).unwrap();
        let begins = Arc::<Mutex<Vec<Phase>>>::default();
        let heard = Arc::clone(&begins);
        let replace = replace(&target, &path).on_progress(move |progress| {
            if progress.bytes == 0 {
                heard.lock().unwrap().push(progress.phase);
            }
        });
        replace.send().await.unwrap();
        let begins = begins.lock().unwrap();
        // A file of one part is hashed while it is in memory, too.
        let hashed = begins.iter().filter(|phase| **phase == Phase::Hash).count();
        let whole = std::fs::metadata(&path).unwrap().len() < 8 << 20;
        assert_eq!(hashed, 1 + usize::from(whole), "{begins:?}");
    }
}

#[tokio::test]
async fn a_key_beside_a_taken_one_keeps_the_limit() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let key = format!("{}.bin", "k".repeat(1020));
    publish(&target, &path, "2.0").object_key(&key).send().await.unwrap();
    std::fs::write(&path, b"mended firmware").unwrap();
    let published = replace(&target, &path).object_key(&key).send().await.unwrap();
    let beside = published.object.unwrap().object_key;
    assert_eq!((published.outcome, beside.chars().count()), (Outcome::Replaced, 1024));
    assert_ne!(beside, key);

    // A folder cannot be shortened, which is found out before anything is uploaded.
    let key = format!("{}/x.bin", "k".repeat(1018));
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "3.0").object_key(&key).send().await.unwrap();
    std::fs::write(&path, b"mended firmware").unwrap();
    let error = publish(&target, &path, "3.0").if_exists(IfExists::Replace).object_key(&key).send().await.unwrap_err();
    assert!(error.is_invalid() && error.violations().len() == 1, "{error:?}");
    assert_eq!(checksum(&target, &key).await, sha256(b"fake firmware"));
}

#[tokio::test]
async fn of_several_packages_of_a_version_one_remains() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let location = target.upload(KEY, &path).await;
    for _ in 0..3 {
        firmware(&target, "2.0", &location).send().await.unwrap();
    }
    let published = replace(&target, &path).send().await.unwrap();
    assert_eq!((published.outcome, published.replaced.len()), (Outcome::Replaced, 2));
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn an_object_in_the_way_that_no_package_has_is_not_overwritten_either() {
    let target = target().await;
    let (_folder, other) = local_file("other.bin", b"somebody's");
    target.upload(KEY, &other).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = replace(&target, &path).send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    assert_ne!(published.object.unwrap().object_key, KEY);
    assert_eq!(checksum(&target, KEY).await, sha256(b"somebody's"));
}

/// Replaces by way of a proxy before IoTDA that cuts requests of this method.
async fn replaced_without(method: &'static str) -> (Target, iotda_ota::Error) {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    publish(&target, &path, "2.0").send().await.expect("the first package is published");
    std::fs::write(&path, b"mended firmware").expect("the file can be written");
    let proxy = Proxy::start(target.endpoint(), move |request| match request.method == method {
        true => Fault::Cut,
        false => Fault::None,
    })
    .await;
    let client = target.builder().endpoint(proxy.endpoint()).retry(impatient()).build().expect("it is valid");
    let publish = client.publish(&path, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket());
    let error = publish.if_exists(IfExists::Replace).send().await.expect_err("requests are cut");
    (target, error)
}

#[tokio::test]
async fn when_the_new_package_cannot_be_created_the_old_one_stays_as_it_is() {
    let (target, error) = replaced_without("POST").await;
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("publish again")), "{error:?}");
    assert_eq!(packages(&target).await, Some(1));
    assert_eq!(checksum(&target, KEY).await, sha256(b"fake firmware"));
}

#[tokio::test]
async fn when_the_old_package_cannot_be_deleted_both_are_there_and_the_next_run_goes_on() {
    let (target, error) = replaced_without("DELETE").await;
    assert!(error.is_retryable() && error.hint().is_some_and(|hint| hint.contains("both exist")), "{error:?}");
    assert_eq!(packages(&target).await, Some(2));
    let (_folder, path) = local_file("upgrade.bin", b"mended firmware");
    let published = replace(&target, &path).send().await.unwrap();
    assert_eq!((published.outcome, published.replaced.len()), (Outcome::Replaced, 1));
    assert_eq!(packages(&target).await, Some(1));
}
