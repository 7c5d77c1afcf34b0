//! Files that cannot be published: each is refused by name, and nothing is sent.
//!
//! Unreadable files are a case of the library's own tests: whoever is root may read everything.

use std::fs::OpenOptions;
use std::path::Path;

use iotda_ota::{Error, ErrorKind, OptionalRule, PackageType, Phase, Publish, Violations};
use support::{Answer, Fault, Proxy, Stub, Target, target};

use super::{packages, publish};
use crate::local_file;

fn to_stub(stub: &Stub, file: &Path) -> Publish {
    stub.client().publish(file, "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc")
}

/// Tries to publish a file, which has to fail before anything is sent.
async fn refused(file: &Path) -> Error {
    let stub = Stub::always(Answer::new(500, "")).await;
    let error = to_stub(&stub, file).send().await.expect_err("nothing is published");
    assert!(error.is_invalid(), "{error:?}");
    assert!(stub.received().is_empty());
    error
}

/// What the one violation says, without the folder, which is another one in every run.
fn only(violations: &Violations, file: &Path) -> String {
    assert_eq!(violations.len(), 1, "{violations}");
    let folder = file.parent().expect("the file is in a folder").display().to_string();
    violations.to_string().replace(&folder, "[folder]")
}

#[tokio::test]
async fn a_file_that_cannot_be_published_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.bin");
    let directory = folder.path().join("directory.bin");
    std::fs::create_dir(&directory).unwrap();
    let empty = folder.path().join("empty.bin");
    std::fs::write(&empty, b"").unwrap();
    let large = folder.path().join("large.bin");
    // No disk space is taken by what was never written.
    std::fs::File::create(&large).unwrap().set_len((1 << 30) + 1).unwrap();
    let suffix = folder.path().join("suffix.hex");
    std::fs::write(&suffix, b"fake firmware").unwrap();
    let mut text = String::new();
    for file in [&missing, &directory, &empty, &large, &suffix] {
        text += &only(refused(file).await.violations(), file);
        text += "\n";
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("refused_files", text);
    });
}

#[tokio::test]
async fn a_gigabyte_is_enough_unless_more_is_allowed() {
    let (_folder, path) = local_file("upgrade.bin", b"");
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let stub = Stub::always(Answer::new(500, "")).await;
    file.set_len(1 << 30).unwrap();
    to_stub(&stub, &path).validate().unwrap();
    file.set_len((1 << 30) + 1).unwrap();
    to_stub(&stub, &path).validate().unwrap_err();
    to_stub(&stub, &path).allow(OptionalRule::Size).validate().unwrap();
}

#[tokio::test]
async fn another_suffix_is_refused_unless_that_is_allowed() {
    let (_folder, path) = local_file("upgrade.hex", b"fake firmware");
    refused(&path).await;
    let target = target().await;
    publish(&target, &path, "2.0").allow(OptionalRule::Suffix).send().await.unwrap();
    assert_eq!(packages(&target).await, Some(1));
}

#[tokio::test]
async fn every_mistake_is_reported_at_once_and_the_file_first() {
    let stub = Stub::always(Answer::new(500, "")).await;
    let (_folder, path) = local_file("upgrade.txt", b"");
    let client = stub.client();
    let publish = client.publish(&path, "my app", "", PackageType::from("hardware"), "2 0").bucket("A_");
    let error = publish.module_name("camera").object_key("x.txt").send().await.unwrap_err();
    let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
    let expected = [
        "file",
        "app_id",
        "package_type",
        "product_id",
        "module_name",
        "version",
        "file_location.obs_location.bucket_name",
        "file_location.obs_location.bucket_name",
        "file_location.obs_location.object_key",
    ];
    assert_eq!(fields, expected);
    assert!(stub.received().is_empty());
}

/// Publishes by way of a proxy that does this to the file when the packages are listed, which is before it is read.
async fn changed_while_listing(allow_any_size: bool, change: fn(&Path)) -> (Target, Error) {
    let target = target().await;
    let (folder, path) = local_file("upgrade.bin", b"fake firmware");
    let file = path.clone();
    let proxy = Proxy::start(target.endpoint(), move |request| {
        if request.method == "GET" {
            change(&file);
        }
        Fault::None
    })
    .await;
    let client = target.builder().endpoint(proxy.endpoint()).build().expect("it is valid");
    let mut publish = client.publish(&path, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket());
    if allow_any_size {
        publish = publish.allow(OptionalRule::Size);
    }
    let error = publish.send().await.expect_err("the change is noticed");
    drop(folder);
    (target, error)
}

#[tokio::test]
async fn a_file_is_judged_by_what_is_read() {
    let changes: [fn(&Path); 4] = [
        |path| std::fs::write(path, b"").unwrap(),
        |path| OpenOptions::new().write(true).open(path).unwrap().set_len((1 << 30) + 1).unwrap(),
        |path| {
            let other = path.with_extension("other");
            std::fs::write(&other, b"fake FIRMWARE").unwrap();
            std::fs::rename(&other, path).unwrap();
        },
        |path| std::fs::remove_file(path).unwrap_or_default(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        for allow_any_size in [false, true] {
            let (target, error) = changed_while_listing(allow_any_size, change).await;
            assert_eq!(error.kind(), ErrorKind::Mismatch, "{at}: {error:?}");
            assert!(error.to_string().contains("changed") && error.hint().is_some(), "{at}: {error:?}");
            assert_eq!(packages(&target).await, Some(0), "{at}");
            let key = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";
            let obs = target.client().obs().unwrap();
            assert!(obs.head(target.bucket(), key).await.unwrap_err().is_not_found(), "{at}");
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_on_the_way_leaves_no_package() {
    for phase in [Phase::Hash, Phase::Upload] {
        let target = target().await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let changed = path.clone();
        let publish = publish(&target, &path, "2.0").on_progress(move |progress| {
            if progress.phase == phase && progress.bytes == progress.total {
                std::fs::write(&changed, b"fake firmware, but longer").unwrap();
            }
        });
        let error = publish.send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{phase:?}: {error:?}");
        assert_eq!(packages(&target).await, Some(0), "{phase:?}");
    }
}
