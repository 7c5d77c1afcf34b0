//! Delete a package: it is gone everywhere, and its object only if that is asked for.

use iotda_ota::{AccessKey, DeletedWithObject, Error, ErrorKind, PackageId, PackageType};
use support::{Answer, Fault, Proxy, Target, target};

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

/// Deletes a package with its object.
async fn with_object(target: &Target, package: &PackageId) -> Result<DeletedWithObject, Error> {
    target.client().packages().delete(package).with_object().send().await
}

/// Whether there is an object under this key.
async fn exists(target: &Target, key: &str) -> bool {
    target.client().obs().expect("the target has OBS").head(target.bucket(), key).await.is_ok()
}

#[tokio::test]
async fn the_object_goes_with_its_package() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    let deleted = with_object(&target, &package.package_id).await.unwrap();
    assert_eq!((&deleted.package_id, deleted.object.as_ref()), (&package.package_id, Some(&location)));
    assert!(!exists(&target, "a.bin").await);
    let client = target.client();
    assert!(client.packages().show(&package.package_id).send().await.unwrap_err().is_not_found());
    assert!(with_object(&target, &package.package_id).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_object_that_another_package_needs_stays_and_so_does_the_package() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    let packages = target.client().packages();
    let others = [
        packages.create("my-app", "my-product", PackageType::Firmware, "2.1", location.clone()),
        packages.create("app-2", "product-2", PackageType::Software, "1", location.clone()),
        packages.create("my-app", "my-product", PackageType::Module, "2.0", location.clone()).module_name("camera"),
    ];
    for other in others {
        let other = other.send().await.unwrap().into_inner();
        let error = with_object(&target, &package.package_id).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InUse);
        assert!(error.to_string().contains(other.package_id.as_str()) && error.hint().is_some(), "{error:?}");
        assert!(exists(&target, "a.bin").await);
        packages.show(&package.package_id).send().await.unwrap();
        packages.delete(&other.package_id).send().await.unwrap();
    }
    // Packages of other objects are no hindrance.
    let other = object(&target, "b.bin").await;
    firmware(&target, "2.1", &other).send().await.unwrap();
    with_object(&target, &package.package_id).await.unwrap();
    assert!(!exists(&target, "a.bin").await && exists(&target, "b.bin").await);
}

#[tokio::test]
async fn an_object_that_is_gone_already_is_no_hindrance() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    target.client().obs().unwrap().delete(target.bucket(), "a.bin").await.unwrap();
    with_object(&target, &package.package_id).await.unwrap();
}

#[tokio::test]
async fn an_object_that_cannot_be_reached_or_deleted_is_told() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
    let elsewhere = target.builder().obs_region("cn-east-3").build().unwrap();
    let delete = elsewhere.packages().delete(&package.package_id).with_object();
    assert_eq!(delete.send().await.unwrap_err().kind(), ErrorKind::Configuration);
    let keyless = target.builder().access_key(AccessKey::new("NOBODYS-KEY", "fake-secret")).build().unwrap();
    assert!(keyless.packages().delete(&package.package_id).with_object().send().await.unwrap_err().is_denied());
    target.client().packages().show(&package.package_id).send().await.unwrap();

    // A key that may look but not delete is only found out when the package is gone, which the message says.
    let proxy = Proxy::start(target.obs_endpoint(), |request| match request.method.as_str() {
        "DELETE" => Fault::Answer(Answer::new(403, "<Error><Code>AccessDenied</Code></Error>")),
        _ => Fault::None,
    })
    .await;
    let client = target.builder().obs_endpoint(proxy.endpoint()).build().unwrap();
    let error = client.packages().delete(&package.package_id).with_object().send().await.unwrap_err();
    assert!(error.is_denied() && error.to_string().contains("is deleted, but object"), "{error:?}");
    assert!(exists(&target, "a.bin").await);
}
