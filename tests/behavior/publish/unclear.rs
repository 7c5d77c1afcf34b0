//! Publishing to a service that says little, or that changes under the hand.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{Error, ErrorKind, IfExists, Outcome, PackageType, Publish, Sought};
use support::{Answer, Stub, target};

use crate::local_file;

const ID: &str = "28f61af50fc9452aa0ed5ea25c3cc3d3";

fn publish(stub: &Stub, file: &Path) -> Publish {
    stub.client().publish(file, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc")
}

/// An object with the content of the test is there already, so that publishing goes straight to create.
async fn stub_with_object(create: Answer, show: Answer, delete: u16) -> Stub {
    Stub::start(move |request| match request.method.as_str() {
        "HEAD" => Answer::new(200, "").header("content-length", "13"),
        "POST" => create.clone(),
        "DELETE" => Answer::new(delete, ""),
        "GET" if request.target.contains('?') => Answer::new(200, r#"{"packages":[]}"#),
        "GET" if request.target.starts_with("/abc/") => Answer::new(200, "fake firmware"),
        _ => show.clone(),
    })
    .await
}

#[tokio::test]
async fn a_create_without_a_clear_answer_is_looked_up_and_a_success_is_never_repeated() {
    for (answer, expected, creates) in [
        (Answer::new(500, r#"{"error_code":"IOTDA.000001"}"#), ErrorKind::Unavailable, 4),
        (Answer::new(500, ""), ErrorKind::OutcomeUnknown, 4),
        (Answer::nothing(), ErrorKind::OutcomeUnknown, 4),
        (Answer::new(502, "<html>"), ErrorKind::OutcomeUnknown, 4),
        (Answer::new(504, ""), ErrorKind::OutcomeUnknown, 4),
        (Answer::new(201, "{"), ErrorKind::OutcomeUnknown, 1),
    ] {
        let stub = stub_with_object(answer, Answer::new(404, ""), 204).await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let error = publish(&stub, &path).send().await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (expected, creates), "{error:?}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("the file is stored as"), "{error:?}");
        let sought = error.sought().map(Sought::hint);
        assert_eq!(sought.is_some_and(|sought| hint.contains(&sought)), error.is_outcome_unknown(), "{error:?}");
        let posts = stub.received().iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, creates as usize);
    }
}

#[tokio::test]
async fn a_new_package_does_not_give_way_to_one_that_does_not_tell_where_its_file_is() {
    const OTHER: &str = "0f61af50fc9452aa0ed5ea25c3cc3d32";
    let key = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";
    let shown = |id: &str, time: &str, key: &str| {
        format!(
            r#"{{"package_id":"{id}","app_id":"my-app","product_id":"my-product","package_type":"firmwarePackage",
            "version":"2.0","create_time":"{time}","file_location":{{"obs_location":{{"region_name":"cn-north-4",
            "bucket_name":"abc","object_key":{key}}}}}}}"#
        )
    };
    let (mine, other) = (shown(ID, "20260101T000000Z", &format!("{key:?}")), shown(OTHER, "20250101T000000Z", "7"));
    let posts = AtomicUsize::new(0);
    let stub = Stub::start(move |request| match request.method.as_str() {
        "HEAD" => Answer::new(200, "").header("content-length", "13"),
        "POST" => {
            posts.fetch_add(1, Ordering::Relaxed);
            Answer::new(201, mine.clone())
        }
        // Somebody else made it at the same moment.
        "GET" if request.target.contains('?') && posts.load(Ordering::Relaxed) == 0 => {
            Answer::new(200, r#"{"packages":[]}"#)
        }
        "GET" if request.target.contains('?') => Answer::new(200, format!(r#"{{"packages":[{mine},{other}]}}"#)),
        "GET" if request.target.starts_with("/abc/") => Answer::new(200, "fake firmware"),
        "GET" if request.target.ends_with(OTHER) => Answer::new(200, other.clone()),
        "GET" => Answer::new(200, mine.clone()),
        _ => Answer::new(204, ""),
    })
    .await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = publish(&stub, &path).send().await.unwrap();
    assert_eq!(published.package.package_id, ID);
    assert!(stub.received().iter().all(|request| request.method != "DELETE"));
    let warned = published.warnings.iter().filter(|warning| warning.message.contains("does not tell where")).count();
    assert_eq!(warned, 1, "{:?}", published.warnings);
}

#[tokio::test]
async fn a_package_that_does_not_tell_where_its_file_is_is_neither_compared_nor_deleted_to_make_room() {
    for location in [r#"{"obs_location":{"bucket_name":"abc","object_key":7}}"#, r#""abc/x.bin""#, "null"] {
        let old = format!(
            r#"{{"package_id":"{ID}","app_id":"my-app","product_id":"my-product","version":"2.0",
            "package_type":"firmwarePackage","file_location":{location}}}"#
        );
        let stub = Stub::start(move |request| match request.method.as_str() {
            "HEAD" => Answer::new(200, "").header("content-length", "13"),
            "POST" => Answer::new(409, ""),
            "DELETE" => Answer::new(204, ""),
            "GET" if request.target.contains('?') => Answer::new(200, format!(r#"{{"packages":[{old}]}}"#)),
            "GET" if request.target.starts_with("/abc/") => Answer::new(200, "fake firmware"),
            _ => Answer::new(200, old.clone()),
        })
        .await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        // That a package names no object is a difference; what cannot be read is none.
        let expected = if location == "null" { ErrorKind::Mismatch } else { ErrorKind::Unintelligible };
        assert_eq!(publish(&stub, &path).send().await.unwrap_err().kind(), expected, "{location}");
        // One with another key is not compared any further, so the new one is created first.
        let replace = publish(&stub, &path).if_exists(IfExists::Replace).object_key("b.bin");
        let error = replace.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible, "{location}: {error:?}");
        assert!(error.to_string().contains("could not be created again"), "{error}");
        assert!(stub.received().iter().all(|request| request.method != "DELETE"));
    }
}

#[tokio::test]
async fn two_that_publish_the_same_at_the_same_moment_leave_one_package() {
    let target = target().await;
    for round in 0..20 {
        let (_folder, path) = local_file("upgrade.bin", format!("firmware {round}").as_bytes());
        let publish = || {
            let version = format!("{round}.0");
            target
                .client()
                .publish(&path, "my-app", "my-product", PackageType::Firmware, version)
                .bucket(target.bucket())
        };
        let (one, other) = (publish(), publish());
        let (one, other) = tokio::join!(one.send(), other.send());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.package.package_id, other.package.package_id, "both report the one that stays");
        let list = target.client().packages().list(PackageType::Firmware).version(format!("{round}.0"));
        let left = list.send().await.unwrap().into_inner().packages;
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0].package_id, one.package.package_id);
    }
}

#[tokio::test]
async fn a_package_that_cannot_be_read_back_is_published_with_a_warning() {
    let created = Answer::new(201, r#"{"package_id":"28f61af50fc9452aa0ed5ea25c3cc3d3"}"#);
    let stub = stub_with_object(created, Answer::new(503, ""), 204).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = publish(&stub, &path).send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Created);
    assert_eq!(published.package.package_id, "28f61af50fc9452aa0ed5ea25c3cc3d3");
    assert_eq!(published.warnings.len(), 1, "{:?}", published.warnings);
}

/// How the package was deleted again: a request for it, and whether the error says that it is gone.
fn deleted_again(stub: &Stub, error: &Error) -> (usize, bool) {
    let deletes =
        stub.received().iter().filter(|request| request.method == "DELETE" && request.target.contains(ID)).count();
    (deletes, error.to_string().contains("is deleted again"))
}

#[tokio::test]
async fn a_package_that_reads_back_differently_is_a_mismatch_and_deleted_again() {
    let created = format!(r#"{{"package_id":"{ID}"}}"#);
    let other = format!(r#"{{"package_id":"{ID}","file_location":{{"obs_location":{{"object_key":"x"}}}}}}"#);
    for (status, by_hand) in [(204, false), (404, false), (403, true)] {
        let other = other.clone();
        let stub = stub_with_object(Answer::new(201, created.clone()), Answer::new(200, other), status).await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let error = publish(&stub, &path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert!(error.to_string().contains(ID), "{error}");
        assert_eq!(deleted_again(&stub, &error), (1, !by_hand), "{error}");
        assert_eq!(error.hint().unwrap().contains(&format!("delete package {ID}")), by_hand, "{error:?}");
    }
}

#[tokio::test]
async fn what_the_service_does_not_show_is_a_warning() {
    let (created, bare) =
        (format!(r#"{{"package_id":"{ID}"}}"#), format!(r#"{{"package_id":"{ID}","version":"2.0"}}"#));
    let stub = stub_with_object(Answer::new(201, created), Answer::new(200, bare), 204).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = publish(&stub, &path).send().await.unwrap();
    let fields: Vec<_> = published.warnings.iter().map(|warning| warning.field.rsplit('.').next().unwrap()).collect();
    assert_eq!(fields, ["region_name", "bucket_name", "object_key", "sign"]);
}

#[tokio::test]
async fn a_refused_create_tells_where_the_file_is() {
    let refused = r#"{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}"#;
    let stub = stub_with_object(Answer::new(400, refused), Answer::new(404, ""), 204).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let error = publish(&stub, &path).send().await.unwrap_err();
    let hint = error.hint().unwrap();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(hint.contains("upgrade.bin") && hint.contains("published again"), "{hint}");
}

#[tokio::test]
async fn a_package_is_found_even_if_the_list_leaves_fields_out() {
    for record in [format!(r#"{{"package_id":"{ID}"}}"#), format!(r#"{{"package_id":"{ID}","module_name":""}}"#)] {
        let list = format!(r#"{{"packages":[{record}]}}"#);
        let stub = Stub::start(move |request| match request.method.as_str() {
            "GET" if request.target.contains('?') => Answer::new(200, list.as_str()),
            "GET" => Answer::new(200, record.as_str()),
            _ => Answer::new(500, ""),
        })
        .await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let error = publish(&stub, &path).if_exists(IfExists::Fail).send().await.unwrap_err();
        assert!(error.is_already_exists(), "{error}");
        assert!(stub.received().iter().all(|request| request.method == "GET"));
    }
}

#[tokio::test]
async fn an_answer_that_lists_nothing_is_not_taken_for_an_empty_list() {
    for body in ["{}", r#"{"message":"hello"}"#, r#"{"packages":null}"#] {
        let stub = Stub::always(Answer::new(200, body)).await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let error = publish(&stub, &path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible, "{body}");
        assert_eq!(stub.received().len(), 1);
    }
}

/// A store that says of the object, once it is uploaded, that it has these ETags: before the package is created, and after.
async fn stub_with_etags(before: Option<&'static str>, after: Option<&'static str>) -> Stub {
    let heads = AtomicUsize::new(0);
    Stub::start(move |request| match request.method.as_str() {
        "HEAD" => {
            let etag = match heads.fetch_add(1, Ordering::SeqCst) {
                0 => return Answer::new(404, ""),
                1 => before,
                _ => after,
            };
            let found = Answer::new(200, "").header("content-length", "13");
            etag.map_or_else(|| found.clone(), |etag| found.clone().header("etag", etag))
        }
        "PUT" => Answer::new(200, "").header("etag", "\"mine\""),
        "GET" if request.target.contains('?') => Answer::new(200, r#"{"packages":[]}"#),
        "POST" => Answer::new(201, format!(r#"{{"package_id":"{ID}"}}"#)),
        "DELETE" => Answer::new(204, ""),
        _ => Answer::new(200, format!(r#"{{"package_id":"{ID}"}}"#)),
    })
    .await
}

#[tokio::test]
async fn an_etag_that_is_left_out_or_has_no_quotes_is_no_other_object() {
    for (before, after) in
        [(Some("\"mine\""), None), (None, Some("\"mine\"")), (None, None), (Some("mine"), Some("\"mine\""))]
    {
        let stub = stub_with_etags(before, after).await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let published = publish(&stub, &path).send().await.unwrap();
        assert_eq!(published.outcome, Outcome::Created, "{before:?} {after:?}");
    }
}

#[tokio::test]
async fn an_object_that_is_replaced_meanwhile_is_noticed() {
    let stub = stub_with_etags(Some("\"mine\""), Some("\"theirs\"")).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let error = publish(&stub, &path).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains(ID) && error.hint().is_some(), "{error:?}");
    assert_eq!(deleted_again(&stub, &error), (1, true));
}

#[tokio::test]
async fn fields_that_the_existing_package_has_otherwise_are_warned_about() {
    let target = target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = || super::publish(&target, &path, "2.0");
    publish().support_source_versions(["1.0"]).description("one").send().await.unwrap();
    let again = publish().support_source_versions(["1.1"]).description("two").custom_info("new").send().await.unwrap();
    assert_eq!(again.outcome, Outcome::Verified);
    let fields: Vec<_> = again.warnings.iter().map(|warning| warning.field.as_str()).collect();
    assert_eq!(fields, ["support_source_versions", "description", "custom_info"]);
}

#[tokio::test]
async fn a_key_that_no_address_holds_is_found_before_anything_is_sent() {
    let stub = Stub::always(Answer::new(500, "")).await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let error = publish(&stub, &path).object_key("a/../x.bin").send().await.unwrap_err();
    assert!(error.is_invalid() && error.violations().len() == 1, "{error}");
    assert!(stub.received().is_empty());
}
