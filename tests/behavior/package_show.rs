//! Show a package: there, not there, not allowed. That it equals what create answered is a case of `package_create`.

use support::target;

use crate::{firmware, object};

#[tokio::test]
async fn a_package_without_optional_fields_has_none() {
    let target = target().await;
    let mut location = object(&target, "upgrade.bin").await;
    location.sign = None;
    let created = firmware(&target, "2.0", &location).send().await.unwrap();
    let shown = target.client().packages().show(&created.package_id).send().await.unwrap();
    assert!(shown.support_source_versions.is_empty());
    assert_eq!((&shown.module_name, &shown.description, &shown.custom_info), (&None, &None, &None));
    assert_eq!((shown.obs_location(), shown.sign()), (Some(&location), None));
}

#[tokio::test]
async fn a_missing_package_is_not_found() {
    let target = target().await;
    let packages = target.client().packages();
    let error = packages.show("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await.unwrap_err();
    assert!(error.is_not_found() && !error.is_retryable(), "{error:?}");
    assert_eq!((error.status(), error.operation()), (Some(404), Some("show_ota_package")));
    assert!(error.error_code().is_some() && error.error_msg().is_some() && error.request_id().is_some(), "{error:?}");
}

#[tokio::test]
async fn a_wrong_token_and_another_project_are_refused() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let id = firmware(&target, "2.0", &location).send().await.unwrap().into_inner().package_id;
    let stranger = target.builder().token("another-fake-token").build().unwrap();
    assert!(stranger.packages().show(&id).send().await.unwrap_err().is_unauthenticated());
    let elsewhere = target.builder().project_id("another-project").build().unwrap();
    assert!(elsewhere.packages().show(&id).send().await.unwrap_err().is_denied());
}
