//! Damage that a crash or a bad disk leaves in the database and its log: recovered or reported, never served.

use std::fs;
use std::path::{Path, PathBuf};

use iotda_ota_emulator::{Emulator, StartError};
use serde_json::Value;

use crate::client::{Caller, minimal};
use crate::durability::copy;

const PACKAGES: usize = 60;
const PAGE: usize = 4096;

/// A folder as a crash leaves it, with everything in the log, and the packages that were acknowledged.
async fn crashed(folder: &Path) -> (PathBuf, Vec<Value>) {
    let caller = Caller::of(Emulator::builder().data_dir(folder.join("data")).start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    let mut created = Vec::new();
    for number in 0..PACKAGES {
        let mut body = minimal("a.bin");
        body["version"] = format!("V{number}").into();
        body["description"] = "x".repeat(200).into();
        created.push(caller.create(&body).await.1);
    }
    let copied = folder.join("crashed");
    copy(&folder.join("data"), &copied);
    (copied, created)
}

/// Opens a damaged copy. Whatever is served then is something that was created; returns how much that is.
async fn served(folder: &Path, created: &[Value], what: &str) -> Option<usize> {
    let caller = match Emulator::builder().data_dir(folder).start().await {
        Ok(emulator) => Caller::of(emulator),
        Err(StartError::Damaged { .. }) => return None,
        Err(error) => panic!("{what}: {error}"),
    };
    let mut found = 0;
    let mut marker = String::new();
    loop {
        let (status, page) = caller.list(&format!("package_type=firmwarePackage&limit=50{marker}")).await;
        if status == 500 {
            return None;
        }
        let packages = page["packages"].as_array().unwrap();
        let Some(last) = page["page"]["marker"].as_str() else { break };
        marker = format!("&marker={last}");
        for package in packages {
            let (status, shown) = caller.show(package["package_id"].as_str().unwrap()).await;
            assert!(status == 500 || created.contains(&shown), "{what}: {shown}");
            found += 1;
        }
        assert!(page["page"]["count"].as_u64().unwrap() as usize >= packages.len(), "{what}");
    }
    Some(found)
}

async fn damaged(
    crashed: &Path,
    created: &[Value],
    file: &str,
    what: &str,
    damage: impl FnOnce(&mut Vec<u8>),
) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let copied = folder.path().join("data");
    copy(crashed, &copied);
    // The index of the log is made anew after a crash of the system.
    fs::remove_file(copied.join("emulator.db-shm")).unwrap();
    let path = copied.join(file);
    let mut bytes = fs::read(&path).unwrap();
    damage(&mut bytes);
    fs::write(&path, bytes).unwrap();
    served(&copied, created, what).await
}

#[tokio::test]
async fn a_log_that_ends_in_the_middle_is_recovered_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    let log = "emulator.db-wal";
    let length = fs::metadata(crashed.join(log)).unwrap().len() as usize;
    assert_eq!(damaged(&crashed, &created, log, "whole", |_| ()).await, Some(PACKAGES));
    let mut last = PACKAGES;
    for part in (0..12).rev() {
        let left = length * part / 12 + 7 * part;
        let found = damaged(&crashed, &created, log, &format!("{left} bytes"), |log| log.truncate(left)).await.unwrap();
        assert!(found <= last, "{left} bytes of the log: {found} packages after {last}");
        last = found;
    }
    assert_eq!(last, 0);
}

#[tokio::test]
async fn garbage_in_the_log_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    let log = "emulator.db-wal";
    let length = fs::metadata(crashed.join(log)).unwrap().len() as usize;
    // What was never acknowledged may be anything after the end.
    let tail = damaged(&crashed, &created, log, "tail", |log| log.extend([0xa5; 3 * PAGE])).await;
    assert_eq!(tail, Some(PACKAGES));
    for part in 0..12 {
        let at = 40 + (length - 100) * part / 12;
        let found = damaged(&crashed, &created, log, &format!("at {at}"), |log| log[at] ^= 0x41).await;
        assert!(found.is_some_and(|found| found < PACKAGES), "at {at}: {found:?}");
        let sector = damaged(&crashed, &created, log, "sector", |log| log[at..at + 60].fill(0x5a)).await;
        assert!(sector.is_some_and(|found| found < PACKAGES), "at {at}: {sector:?}");
    }
}

#[tokio::test]
async fn half_written_pages_are_taken_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    // The log has every page that was changed, so a crash while it is merged harms none of them.
    let found = damaged(&crashed, &created, "emulator.db", "pages", |bytes| {
        for page in bytes.chunks_mut(PAGE).skip(1) {
            page[PAGE / 2..].fill(0x5a);
        }
    });
    let found = found.await;
    assert!(found.is_none_or(|found| found == PACKAGES), "{found:?}");
}

#[tokio::test]
async fn lost_pages_of_the_database_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    // A clean stop merges the log.
    Emulator::builder().data_dir(&crashed).start().await.unwrap().shutdown().await;
    let whole = fs::read(crashed.join("emulator.db")).unwrap();
    assert!(!crashed.join("emulator.db-wal").exists());
    fs::write(crashed.join("emulator.db-shm"), "").unwrap();
    for back in 1..=4 {
        let start = whole.len() - back * PAGE;
        for (what, fill) in [("zeros", 0x00), ("ones", 0xff), ("garbage", 0x5a)] {
            let found = damaged(&crashed, &created, "emulator.db", what, |bytes| bytes[start..start + PAGE].fill(fill));
            assert_eq!(found.await, None, "{what} in page {back} from the end");
        }
        let cut = damaged(&crashed, &created, "emulator.db", "cut", |bytes| bytes.truncate(start + 100)).await;
        assert_eq!(cut, None, "cut at page {back} from the end");
    }
}
