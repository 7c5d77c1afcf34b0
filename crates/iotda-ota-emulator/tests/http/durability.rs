//! What survives: a restart, a process that is killed, garbage of a crash, damage.

use std::fs;
use std::path::Path;

use http::Method;
use iotda_ota_emulator::{Emulator, FixedClock, StartError};

use crate::client::{Caller, DOCUMENTED_TIME, minimal};

async fn open(folder: &Path) -> Caller {
    let clock = FixedClock::at_unix_seconds(DOCUMENTED_TIME);
    let builder = Emulator::builder().data_dir(folder).clock(clock);
    Caller::of(builder.start().await.unwrap())
}

/// Copies a folder as a crash would leave it: without closing anything.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn check(caller: &Caller) {
    let (_, list) = caller.list("package_type=firmwarePackage").await;
    assert_eq!(list["page"]["count"], 1);
    let object = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(object.text().await.unwrap(), "firmware");
    // New ids do not collide with those that a clock of an earlier run handed out.
    let (status, created) = caller.create(&minimal("a.bin")).await;
    assert_eq!(status, 201);
    assert_ne!(created["package_id"], list["packages"][0]["package_id"]);
    let (_, list) = caller.list("package_type=firmwarePackage").await;
    assert_eq!(list["packages"][0], {
        let mut info = created;
        info.as_object_mut().unwrap().remove("file_location");
        info
    });
    caller.upload("b.bin", b"more").await;
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"firmware").await;
    assert_eq!(caller.create(&minimal("a.bin")).await.0, 201);
    drop(caller);
    check(&open(folder.path()).await).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"firmware").await;
    assert_eq!(caller.create(&minimal("a.bin")).await.0, 201);
    let copied = crashed.path().join("data");
    copy(folder.path(), &copied);
    let name = "0000000000000000000000000000beef";
    fs::write(copied.join("incoming").join(name), "half").unwrap();
    fs::write(copied.join("objects").join(name), "lost").unwrap();

    check(&open(&copied).await).await;
    assert!(!copied.join("incoming").join(name).exists());
    assert!(!copied.join("objects").join(name).exists());
    assert_eq!(fs::read_to_string(copied.join("orphans").join(name)).unwrap(), "lost");
}

#[tokio::test]
async fn a_replaced_object_leaves_no_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"old").await;
    caller.upload("a.bin", b"new").await;
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 1);
    caller.obs(Method::DELETE, "a.bin", &[], "").await;
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"firmware").await;
    caller.emulator.shutdown().await;

    let path = folder.path().join("emulator.db");
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len() - 100;
    bytes[100..end].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let error = Emulator::builder().data_dir(folder.path()).start().await.unwrap_err();
    assert!(matches!(error, StartError::Damaged { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("emulator.db") && text.contains("--data-dir"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 1);
}

/// The smallest size of a part that is not the last.
const LEAST: usize = 100 << 10;

/// Copies a folder in the state it is in, and opens the copy.
async fn crash(folder: &Path, copies: &Path, name: &str) -> Caller {
    let copied = copies.join(name);
    copy(folder, &copied);
    open(&copied).await
}

async fn text(caller: &Caller, key: &str) -> Option<Vec<u8>> {
    let answer = caller.obs(Method::GET, key, &[], "").await;
    match answer.status().as_u16() {
        404 => None,
        _ => Some(answer.bytes().await.unwrap().to_vec()),
    }
}

#[tokio::test]
async fn an_upload_that_a_crash_cuts_off_goes_on_with_the_parts_it_has() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"old").await;
    let id = caller.create_upload("a.bin").await;
    let first = (1, caller.put_part("a.bin", &id, 1, LEAST).await);

    let crashed = crash(folder.path(), copies.path(), "parts").await;
    assert_eq!(text(&crashed, "a.bin").await.unwrap(), b"old");
    let second = (2, crashed.put_part("a.bin", &id, 2, 10).await);
    assert_eq!(crashed.complete("a.bin", &id, &[first, second]).await.status().as_u16(), 200);
    assert_eq!(text(&crashed, "a.bin").await.unwrap().len(), LEAST + 10);
    // Another upload gets another id, even from a clock that begins anew.
    assert_ne!(crashed.create_upload("b.bin").await, caller.create_upload("b.bin").await);
}

#[tokio::test]
async fn a_crash_leaves_the_old_object_or_the_new_one() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let caller = open(folder.path()).await;
    caller.upload("a.bin", b"old").await;
    let old = fs::read_dir(folder.path().join("objects")).unwrap().next().unwrap().unwrap().path();
    let id = caller.create_upload("a.bin").await;
    let mut parts = Vec::new();
    for (number, size) in [(1, LEAST), (2, LEAST), (3, 10)] {
        parts.push((number, caller.put_part("a.bin", &id, number, size).await));
    }
    let before = crash(folder.path(), copies.path(), "before").await;
    assert_eq!(text(&before, "a.bin").await.unwrap(), b"old");

    let bytes = fs::read(&old).unwrap();
    // The third part is not listed, and goes.
    assert_eq!(caller.complete("a.bin", &id, &parts[..2]).await.status().as_u16(), 200);
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 2);
    // As if the crash came after the commit, and before the old file was removed.
    fs::write(&old, bytes).unwrap();
    let after = crash(folder.path(), copies.path(), "after").await;
    assert_eq!(text(&after, "a.bin").await.unwrap().len(), 2 * LEAST);
    assert_eq!(after.abort("a.bin", &id).await.status().as_u16(), 404);
    let orphans = copies.path().join("after").join("orphans");
    assert_eq!(fs::read(orphans.join(old.file_name().unwrap())).unwrap(), b"old");
    fs::remove_file(&old).unwrap();

    caller.obs(Method::DELETE, "a.bin", &[], "").await;
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 0);
    assert_eq!(text(&caller, "a.bin").await, None);
}

#[tokio::test]
async fn uploads_that_end_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let caller = open(folder.path()).await;
    let id = caller.create_upload("a.bin").await;
    for size in [LEAST, 20] {
        caller.put_part("a.bin", &id, 1, size).await;
        assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 1);
    }
    assert_eq!(caller.abort("a.bin", &id).await.status().as_u16(), 204);
    assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 0);
}
