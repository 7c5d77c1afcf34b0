//! Delete a package: it is gone everywhere, and its object is not.

use iotda_ota::PackageType;
use support::target;

use crate::{firmware, object};

#[tokio::test]
async fn a_deleted_package_is_gone_and_its_object_stays() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let (client, packages) = (target.client(), target.client().packages());
    let kept = firmware(&target, "1.0", &location).send().await.unwrap().into_inner();
    let deleted = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();

    let answer = packages.delete(&deleted.package_id).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(answer.request_id().is_some());

    assert!(packages.show(&deleted.package_id).send().await.unwrap_err().is_not_found());
    let listed = packages.list(PackageType::Firmware).send().await.unwrap();
    assert_eq!(listed.count, Some(1));
    assert_eq!(listed.packages[0].package_id, kept.package_id);
    let stored = client.obs().unwrap().head(target.bucket(), "upgrade.bin").await.unwrap();
    assert_eq!(stored.size, 13);
}

#[tokio::test]
async fn a_second_delete_finds_nothing() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let created = firmware(&target, "2.0", &location).send().await.unwrap();
    let delete = target.client().packages().delete(&created.package_id);
    delete.send().await.unwrap();
    let error = delete.send().await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    assert_eq!((error.status(), error.operation()), (Some(404), Some("delete_ota_package")));
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn a_wrong_token_and_another_project_delete_nothing() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let id = firmware(&target, "2.0", &location).send().await.unwrap().into_inner().package_id;
    let stranger = target.builder().token("another-fake-token").build().unwrap();
    assert!(stranger.packages().delete(&id).send().await.unwrap_err().is_unauthenticated());
    let elsewhere = target.builder().project_id("another-project").build().unwrap();
    assert!(elsewhere.packages().delete(&id).send().await.unwrap_err().is_denied());
    target.client().packages().show(&id).send().await.unwrap();
}
