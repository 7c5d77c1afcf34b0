//! Delete a package: it is gone everywhere, and its object only if that is asked for.

use iotda_ota::{AccessKey, Client, DeletedWithObject, Error, ErrorKind, PackageId, PackageType};
use support::{Answer, Fault, Proxy, Stub, Target, impatient, target};

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
}

/// A client whose requests to OBS go through a proxy that answers deletes like this.
async fn with_deletes(target: &Target, answer: Option<Answer>) -> (Proxy, Client) {
    let proxy = Proxy::start(target.obs_endpoint(), move |request| match (request.method.as_str(), &answer) {
        ("DELETE", Some(answer)) => Fault::Answer(answer.clone()),
        ("DELETE", None) => Fault::Cut,
        _ => Fault::None,
    })
    .await;
    let client =
        target.builder().obs_endpoint(proxy.endpoint()).retry(impatient()).build().expect("the settings are valid");
    (proxy, client)
}

#[tokio::test]
async fn a_package_that_is_deleted_without_its_object_is_no_call_to_repeat() {
    let target = target().await;
    let location = object(&target, "a.bin").await;
    // A key that may look but not delete is only found out when the package is gone, and so is an OBS that fails.
    let denied = Answer::new(403, "<Error><Code>AccessDenied</Code></Error>");
    for answer in [Some(denied), Some(Answer::new(503, "")), None] {
        let package = firmware(&target, "2.0", &location).send().await.unwrap().into_inner();
        let (_proxy, client) = with_deletes(&target, answer).await;
        let delete = client.packages().delete(&package.package_id).with_object();
        let error = delete.send().await.unwrap_err();
        assert!(error.kind() == ErrorKind::Incomplete && !error.is_retryable(), "{error:?}");
        assert!(error.to_string().contains("is deleted, but object \"a.bin\""), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("by other means")), "{error:?}");
        assert!(exists(&target, "a.bin").await);
        assert!(delete.send().await.unwrap_err().is_not_found(), "the package is gone");
    }
}

/// A service with a package of an object, and another one that list and show answer as is told.
async fn with_other(package: &'static str, other: &'static str, delete: Answer) -> Stub {
    const TYPES: [&str; 4] = ["softwarePackage", "firmwarePackage", "modulePackage", "newPackage"];
    Stub::start(move |request| {
        let asked = TYPES.into_iter().find(|name| request.target.contains(&format!("package_type={name}")));
        match request.method.as_str() {
            "HEAD" => Answer::new(200, "").header("content-length", "13"),
            "DELETE" if request.target.starts_with("/abc/") => Answer::new(204, ""),
            "DELETE" => delete.clone(),
            "GET" => match asked {
                Some(asked) if other.contains(asked) => Answer::new(200, format!(r#"{{"packages":[{other}]}}"#)),
                Some(_) => Answer::new(200, r#"{"packages":[]}"#),
                None if request.target.ends_with("other") => Answer::new(200, other),
                None => Answer::new(200, package),
            },
            _ => Answer::new(404, ""),
        }
    })
    .await
}

/// Which requests to delete something arrived.
fn deletes(stub: &Stub) -> Vec<String> {
    stub.received().into_iter().filter(|request| request.method == "DELETE").map(|request| request.target).collect()
}

const PACKAGE: &str = r#"{"package_id":"mine","package_type":"firmwarePackage",
    "file_location":{"obs_location":{"bucket_name":"abc","object_key":"a.bin"}}}"#;

#[tokio::test]
async fn an_object_that_another_package_may_need_stays() {
    for (other, expected) in [
        (
            r#"{"package_id":"other","package_type":"firmwarePackage",
            "file_location":{"obs_location":{"region_name":null,"bucket_name":"abc","object_key":"a.bin"}}}"#,
            ErrorKind::InUse,
        ),
        (
            r#"{"package_id":"other","package_type":"firmwarePackage",
            "file_location":{"obs_location":{"region_name":7,"bucket_name":"abc","object_key":"a.bin"}}}"#,
            ErrorKind::InUse,
        ),
        (
            r#"{"package_id":"other","package_type":"firmwarePackage",
            "file_location":{"obs_location":{"bucket_name":"abc","object_key":7}}}"#,
            ErrorKind::Unintelligible,
        ),
        (
            r#"{"package_id":"other","package_type":"firmwarePackage","file_location":"abc/a.bin"}"#,
            ErrorKind::Unintelligible,
        ),
    ] {
        let stub = with_other(PACKAGE, other, Answer::new(204, "")).await;
        let error = stub.client().packages().delete("mine").with_object().send().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{other}: {error:?}");
        assert!(error.to_string().contains("package other"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.starts_with("nothing was deleted")), "{error:?}");
        assert_eq!(deletes(&stub), [""; 0]);
    }
    // What says that it is elsewhere, or has no object at all, is no hindrance.
    for other in [
        r#"{"package_id":"other","package_type":"firmwarePackage",
        "file_location":{"obs_location":{"bucket_name":7,"object_key":"b.bin"}}}"#,
        r#"{"package_id":"other","package_type":"firmwarePackage","file_location":null}"#,
    ] {
        let stub = with_other(PACKAGE, other, Answer::new(204, "")).await;
        stub.client().packages().delete("mine").with_object().send().await.unwrap();
        assert_eq!(deletes(&stub).len(), 2, "{other}");
    }
}

#[tokio::test]
async fn packages_of_a_type_that_is_not_known_are_looked_at_if_the_package_is_one() {
    let package = r#"{"package_id":"mine","package_type":"newPackage",
        "file_location":{"obs_location":{"bucket_name":"abc","object_key":"a.bin"}}}"#;
    let other = r#"{"package_id":"other","package_type":"newPackage",
        "file_location":{"obs_location":{"bucket_name":"abc","object_key":"a.bin"}}}"#;
    let stub = with_other(package, other, Answer::new(204, "")).await;
    let error = stub.client().packages().delete("mine").with_object().send().await.unwrap_err();
    assert_eq!((error.kind(), deletes(&stub).len()), (ErrorKind::InUse, 0), "{error:?}");
}

#[tokio::test]
async fn a_package_whose_object_cannot_be_read_is_not_deleted_with_it() {
    let package = r#"{"package_id":"mine","package_type":"firmwarePackage",
        "file_location":{"obs_location":{"bucket_name":"abc","object_key":7}}}"#;
    let stub = with_other(package, r#"{"package_id":"other"}"#, Answer::new(204, "")).await;
    let error = stub.client().packages().delete("mine").with_object().send().await.unwrap_err();
    assert_eq!((error.kind(), deletes(&stub).len()), (ErrorKind::Unintelligible, 0), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("deleted alone")), "{error:?}");
    // Neither is it said that its object is missing.
    let error = stub.client().verify("mine").send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unintelligible, "{error:?}");
}

#[tokio::test]
async fn a_package_that_may_be_deleted_without_its_object_is_no_call_to_repeat() {
    let stub = with_other(PACKAGE, r#"{"package_id":"other"}"#, Answer::nothing()).await;
    let error = stub.client().packages().delete("mine").with_object().send().await.unwrap_err();
    assert!(error.is_outcome_unknown() && error.sought().is_some(), "{error:?}");
    assert!(error.to_string().contains("object \"a.bin\" in bucket \"abc\" is not deleted"), "{error}");
    // What was clearly refused is an error as it is without the object.
    let stub = with_other(PACKAGE, r#"{"package_id":"other"}"#, Answer::new(403, "")).await;
    assert!(stub.client().packages().delete("mine").with_object().send().await.unwrap_err().is_denied());
}
