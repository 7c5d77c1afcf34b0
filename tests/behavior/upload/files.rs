//! Files that change while they are uploaded, and files that are none.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use iotda_ota::ErrorKind;
use support::{Fault, target};

use super::{KEY, PART, Setup, begun_and_ended};
use crate::sha256;

/// Uploads, and does this to the file in the middle.
async fn changed(size: usize, change: fn(&Path)) -> Setup {
    let setup = Setup::new(size, |_| Fault::None).await;
    let (path, done) = (setup.path.clone(), AtomicBool::new(false));
    let upload = setup.upload().in_flight(1).on_progress(move |progress| {
        if progress.bytes >= progress.total / 2 && !done.swap(true, Ordering::SeqCst) {
            change(&path);
        }
    });
    let error = upload.send().await.expect_err("the change is noticed");
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
    assert!(error.to_string().contains("changed") && error.hint().is_some(), "{error:?}");
    setup
}

#[tokio::test]
async fn a_file_that_changes_on_the_way_is_refused_and_nothing_stays() {
    let changes: [fn(&Path); 4] = [
        |path| OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        |path| File::options().write(true).open(path).unwrap().set_len(7).unwrap(),
        |path| {
            let other = path.with_extension("other");
            std::fs::copy(path, &other).unwrap();
            std::fs::rename(&other, path).unwrap();
        },
        |path| std::fs::remove_file(path).unwrap(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        for size in [10 * PART, PART] {
            let setup = changed(size, change).await;
            assert_eq!(setup.stored().await, None, "{at} {size}");
            let (begun, ended) = begun_and_ended(&setup.proxy);
            assert_eq!(begun, ended, "{at}");
            assert_eq!(setup.left(), 0, "{at}");
        }
    }
}

#[tokio::test]
async fn what_is_no_file_is_refused_before_anything_is_sent() {
    let setup = Setup::new(1, |_| Fault::None).await;
    let upload = setup.obs().upload(setup.target.bucket(), KEY, setup.journals.path());
    let error = upload.send().await.unwrap_err();
    assert!(error.is_invalid() && error.hint().is_some(), "{error:?}");
    let upload = setup.obs().upload(setup.target.bucket(), KEY, setup.journals.path().join("missing"));
    assert_eq!(upload.send().await.unwrap_err().kind(), ErrorKind::Io);
    assert!(setup.proxy.received().is_empty());
}

#[tokio::test]
async fn an_empty_file_is_an_empty_object() {
    let setup = Setup::new(0, |_| Fault::None).await;
    setup.upload().send().await.unwrap();
    assert_eq!(setup.stored().await, Some(sha256(b"")));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_and_a_name_that_is_no_text_is_fine() {
    use std::os::unix::ffi::OsStrExt;

    let target = target().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.bin"));
    std::fs::write(&path, b"fake firmware").unwrap();
    let link = folder.path().join("link.bin");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let obs = target.client().obs().unwrap();
    for path in [path, link] {
        let uploaded = obs.upload(target.bucket(), KEY, path).send().await.unwrap();
        assert_eq!(uploaded.checksum.as_str(), sha256(b"fake firmware"));
    }
}
