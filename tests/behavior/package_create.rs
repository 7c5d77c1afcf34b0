//! Create a package: what comes back, and who and what is refused.

use iotda_ota::{ErrorKind, PackageType, SignMethod};
use support::{strict_target, target};

use crate::{firmware, object, sha256};

#[tokio::test]
async fn create_answers_what_was_sent_and_show_answers_the_same() {
    let target = target().await;
    let location = object(&target, "固件/a b+c%/upgrade.bin").await.sign_method(SignMethod::Sha256);
    let packages = target.client().packages();
    let create = packages
        .create("my-app", "my-product", PackageType::Module, "2.0_rc-1", location.clone())
        .module_name("camera.main")
        .support_source_versions(["1.0", "1.1"])
        .description("升".repeat(1024))
        .custom_info("更新了XX功能,修复了XXXX问题 \"\\\n");
    let created = create.send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert!(created.request_id().is_some());
    assert!(!created.package_id.is_empty());
    assert_eq!(created.app_id, "my-app");
    assert_eq!(created.product_id, "my-product");
    assert_eq!(created.package_type, PackageType::Module);
    assert_eq!(created.module_name.as_deref(), Some("camera.main"));
    assert_eq!(created.version, "2.0_rc-1");
    assert_eq!(created.support_source_versions, ["1.0", "1.1"]);
    assert_eq!(created.description.as_ref().map(|text| text.chars().count()), Some(1024));
    assert_eq!(created.custom_info, create.request().custom_info);
    assert_eq!(created.obs_location(), Some(&location));
    assert_eq!(created.sign().map(ToString::to_string), Some(sha256(b"fake firmware")));
    assert!(created.create_time.as_ref().is_some_and(|time| time.timestamp().is_some()), "{created:?}");

    let shown = packages.show(&created.package_id).send().await.unwrap();
    assert_eq!(shown.status(), 200);
    assert_ne!(shown.request_id(), created.request_id());
    assert_eq!(shown.into_inner(), created.into_inner());
}

#[tokio::test]
async fn creates_each_type_of_package() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let packages = target.client().packages();
    for package_type in PackageType::KNOWN {
        let mut create = packages.create("my-app", "my-product", package_type.clone(), "2.0", location.clone());
        if package_type == PackageType::Module {
            create = create.module_name("camera");
        }
        let created = create.send().await.unwrap();
        assert_eq!(created.package_type, package_type);
        let listed = packages.list(package_type).send().await.unwrap();
        assert_eq!(listed.packages.len(), 1);
    }
}

#[tokio::test]
async fn refuses_an_object_that_is_not_there() {
    let target = target().await;
    let error = firmware(&target, "2.0", &target.location("nowhere.bin")).send().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)));
    assert_eq!(error.operation(), Some("create_ota_package"));
    assert!(error.error_code().is_some() && error.request_id().is_some(), "{error:?}");
    assert!(error.error_msg().is_some_and(|message| message.contains("nowhere.bin")), "{error:?}");
    let listed = target.client().packages().list(PackageType::Firmware).send().await.unwrap();
    assert_eq!(listed.count, Some(0));
}

#[tokio::test]
async fn refuses_a_wrong_token() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let client = target.builder().token("another-fake-token").build().unwrap();
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let error = create.send().await.unwrap_err();
    assert!(error.is_unauthenticated() && !error.is_retryable(), "{error:?}");
    assert_eq!((error.status(), error.error_code()), (Some(401), Some("APIGW.0301")));
    assert!(error.hint().is_some());
}

#[tokio::test]
async fn refuses_another_project() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let client = target.builder().project_id("another-project").build().unwrap();
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let error = create.send().await.unwrap_err();
    assert!(error.is_denied() && !error.is_retryable(), "{error:?}");
    assert_eq!(error.status(), Some(403));
}

#[tokio::test]
async fn names_the_broken_rule_of_an_unchecked_request() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let error = firmware(&target, "2 0", &location).send_unchecked().await.unwrap_err();
    assert_eq!((error.kind(), error.error_code()), (ErrorKind::Rejected, Some("IOTDA.000006")));
    assert!(error.error_msg().is_some_and(|message| message.contains("version")), "{error:?}");
}

#[tokio::test]
async fn takes_a_version_twice_because_no_source_says_otherwise() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let first = firmware(&target, "2.0", &location).send().await.unwrap();
    let second = firmware(&target, "2.0", &location).send().await.unwrap();
    assert_ne!(first.package_id, second.package_id);
}

#[tokio::test]
async fn a_strict_target_refuses_a_second_version_and_a_wrong_sign() {
    let target = strict_target().await;
    let location = object(&target, "upgrade.bin").await;
    let error = firmware(&target, "2.0", &location.clone().sign("00".repeat(32))).send().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)));
    firmware(&target, "2.0", &location).send().await.unwrap();
    let error = firmware(&target, "2.0", &location).send().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(409)));
    firmware(&target, "2.1", &location).send().await.unwrap();
}

#[tokio::test]
async fn works_with_an_instance_id() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let client = target.builder().instance_id("fake-instance-1").build().unwrap();
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let created = create.send().await.unwrap();
    let shown = target.client().packages().show(&created.package_id).send().await.unwrap();
    assert_eq!(shown.into_inner(), created.into_inner());
}
