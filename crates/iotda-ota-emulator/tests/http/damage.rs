//! Damage that a crash or a bad disk leaves in the database and its log: recovered or reported, never served.
//!
//! Each test damages a copy of a folder and starts an emulator in it, which then either refuses to start or answers 500
//! where it meets the damage. Everything else that it serves is what was created, and as many as its count says.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use http::Method;
use iotda_ota_emulator::{Emulator, StartError};
use serde_json::{Value, json};

use crate::client::{Caller, minimal, read};
use crate::durability::copy;
use crate::raw;

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

/// Opens a damaged copy. Whatever is served then is something that was created; returns how much that is, or nothing if
/// the damage was reported.
async fn served(folder: &Path, created: &[Value], what: &str) -> Option<usize> {
    let caller = match Emulator::builder().data_dir(folder).start().await {
        Ok(emulator) => Caller::of(emulator),
        Err(StartError::Damaged { .. }) => return None,
        Err(error) => panic!("{what}: {error}"),
    };
    let mut known: HashMap<&str, &Value> =
        created.iter().map(|package| (package["package_id"].as_str().unwrap(), package)).collect();
    let mut found = 0;
    let mut marker = String::new();
    let mut reported = false;
    loop {
        let (status, page) = caller.list(&format!("package_type=firmwarePackage&limit=50{marker}")).await;
        if status == 500 {
            assert_reported(&page, what);
            return None;
        }
        let packages = page["packages"].as_array().unwrap();
        for package in packages {
            let id = package["package_id"].as_str().unwrap();
            let created = known.remove(id).unwrap_or_else(|| panic!("{what}: {package}"));
            assert_eq!(*package, without_location(created), "{what}");
            found += 1;
        }
        // One of each page is enough, because a page reads the same records.
        if let Some(first) = packages.first() {
            let (status, shown) = caller.show(first["package_id"].as_str().unwrap()).await;
            match status {
                500 => {
                    assert_reported(&shown, what);
                    reported = true;
                }
                _ => assert!(created.contains(&shown), "{what}: {shown}"),
            }
        }
        let Some(last) = page["page"]["marker"].as_str() else {
            // An empty page has a count only if something comes before it.
            assert!(found == 0 || page["page"]["count"] == found, "{what}: {found} of {}", page["page"]);
            break;
        };
        marker = format!("&marker={last}");
    }
    (!reported).then_some(found)
}

fn assert_reported(answer: &Value, what: &str) {
    assert_eq!(answer["error_code"], "EMULATOR.DATA_DAMAGED", "{what}: {answer}");
    for next in ["Stop it", "copy", "dump", "/emulator/reset"] {
        assert!(answer["error_msg"].as_str().unwrap().contains(next), "{what}: {answer}");
    }
}

fn without_location(package: &Value) -> Value {
    let mut package = package.clone();
    package.as_object_mut().unwrap().remove("file_location");
    package
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
    // The index of the log is made anew after a crash of the system; a clean stop leaves none.
    let _: std::io::Result<()> = fs::remove_file(copied.join("emulator.db-shm"));
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
    // The log has every page that was changed, each after a head with its number; a crash while it is merged can harm these.
    let log = fs::read(crashed.join("emulator.db-wal")).unwrap();
    let number = |frame: &[u8]| u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    let changed: BTreeSet<usize> = log[32..].chunks_exact(24 + PAGE).map(number).collect();
    assert!(changed.len() > 10, "{changed:?}");
    let found = damaged(&crashed, &created, "emulator.db", "pages", |bytes| {
        for (index, page) in bytes.chunks_mut(PAGE).enumerate().skip(1) {
            if changed.contains(&(index + 1)) {
                page[PAGE / 2..].fill(0x5a);
            }
        }
    });
    assert_eq!(found.await, Some(PACKAGES));
}

#[tokio::test]
async fn lost_pages_of_the_database_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    // A clean stop merges the log.
    Emulator::builder().data_dir(&crashed).start().await.unwrap().shutdown().await;
    let whole = fs::read(crashed.join("emulator.db")).unwrap();
    assert!(!crashed.join("emulator.db-wal").exists());
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

#[tokio::test]
async fn half_pages_and_sectors_of_the_database_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (crashed, created) = crashed(folder.path()).await;
    Emulator::builder().data_dir(&crashed).start().await.unwrap().shutdown().await;
    let length = fs::metadata(crashed.join("emulator.db")).unwrap().len() as usize;
    for back in 1..=5 {
        let end = length - (back - 1) * PAGE;
        for (part, bytes) in [("half", PAGE / 2), ("sector", 512)] {
            for fill in [0x00, 0x5a, b'x'] {
                let what = format!("{part} of page {back} from the end with {fill:#x}");
                let damage = |file: &mut Vec<u8>| file[end - bytes..end].fill(fill);
                assert_eq!(damaged(&crashed, &created, "emulator.db", &what, damage).await, None, "{what}");
            }
        }
    }
}

/// A folder that was loaded and closed, with so many large packages, and these packages.
async fn large(folder: &Path, packages: usize) -> (PathBuf, Vec<Value>) {
    let dump = folder.join("packages.jsonl");
    let mut file = BufWriter::new(fs::File::create(&dump).unwrap());
    let mut created = Vec::new();
    for number in 1..=packages {
        let mut package = minimal("a.bin");
        package["package_id"] = format!("{:032x}", (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c)).into();
        package["create_time"] = "20230211T121212Z".into();
        package["custom_info"] = "x".repeat(3500).into();
        writeln!(file, "{}", json!({ "package": package })).unwrap();
        created.push(package);
    }
    file.into_inner().unwrap();
    let data = folder.join("data");
    let builder = Emulator::builder().data_dir(&data).load(dump).check_objects(false);
    builder.start().await.unwrap().shutdown().await;
    (data, created)
}

/// Damages the last pages of a database; each time it has to be reported.
async fn assert_reported_in_last_pages(data: &Path, created: &[Value], pages: usize) {
    let length = fs::metadata(data.join("emulator.db")).unwrap().len() as usize;
    for back in 1..=pages {
        let end = length - (back - 1) * PAGE;
        for (part, bytes) in [("half", PAGE / 2), ("sector", 512)] {
            let what = format!("{part} of page {back} from the end");
            let damage = |file: &mut Vec<u8>| file[end - bytes..end].fill(0);
            assert_eq!(damaged(data, created, "emulator.db", &what, damage).await, None, "{what}");
        }
    }
}

#[tokio::test]
async fn damage_of_a_database_whose_rows_alone_are_checked_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (data, created) = large(folder.path(), 1200).await;
    assert!(fs::metadata(data.join("emulator.db")).unwrap().len() > 4 << 20);
    assert_eq!(damaged(&data, &created, "emulator.db", "nothing", |_| ()).await, Some(created.len()));
    assert_reported_in_last_pages(&data, &created, 5).await;
}

/// Wherever a text is followed by that byte, this is made another; pages that were split have copies of what left them.
fn replace_after(bytes: &mut [u8], text: &str, byte: u8, other: u8) {
    let after = |at: usize| at + text.len();
    let is_here = |&at: &usize| bytes[at..].starts_with(text.as_bytes()) && bytes[after(at)] == byte;
    let places: Vec<usize> = (0..bytes.len() - text.len()).filter(is_here).collect();
    assert!(!places.is_empty(), "{text}");
    for at in places {
        bytes[after(at)] = other;
    }
}

#[tokio::test]
async fn an_index_that_leads_to_another_record_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (data, created) = large(folder.path(), 1200).await;
    let caller = Caller::of(Emulator::builder().data_dir(&data).check_objects(false).start().await.unwrap());
    for key in ["first-object.bin", "other-object.bin"] {
        caller.upload(key, b"firmware").await;
    }
    caller.emulator.shutdown().await;
    let path = data.join("emulator.db");
    let mut bytes = fs::read(&path).unwrap();
    // An entry of an index is the text with the number of the row; 1, which needs no byte, is none of these.
    let id = created[2]["package_id"].as_str().unwrap();
    replace_after(&mut bytes, id, 3, 4);
    replace_after(&mut bytes, "other-object.bin", 2, 3);
    // The list of all four filters, and that of three of them.
    replace_after(&mut bytes, "V1.0app-1product-1firmwarePackage", 8, 7);
    fs::write(&path, bytes).unwrap();

    let caller = Caller::of(Emulator::builder().data_dir(&data).check_objects(false).start().await.unwrap());
    for answer in [caller.show(id).await, caller.delete(id).await] {
        assert_reported(&answer.1, "a package");
    }
    for method in [Method::GET, Method::HEAD, Method::DELETE] {
        assert_eq!(caller.obs(method, "other-object.bin", &[], "").await.status(), 500);
    }
    assert_eq!(caller.obs(Method::PUT, "other-object.bin", &[], "new").await.status(), 500);
    let filters = "package_type=firmwarePackage&app_id=app-1&product_id=product-1&version=V1.0";
    for answer in [caller.list(filters).await, caller.create(&minimal("a.bin")).await] {
        assert_reported(&answer.1, "a list");
    }
    assert_eq!(caller.show(created[3]["package_id"].as_str().unwrap()).await.0, 200);
    assert_eq!(caller.obs(Method::GET, "first-object.bin", &[], "").await.status(), 200);
}

#[tokio::test]
async fn a_list_that_names_a_package_twice_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = large(folder.path(), 1200).await;
    let path = data.join("emulator.db");
    let mut bytes = fs::read(&path).unwrap();
    // An entry of the list of all four filters: the 30th package becomes the 29th.
    replace_after(&mut bytes, "\u{5}\u{3}\u{1}\u{1}\u{8}", 30, 29);
    fs::write(&path, bytes).unwrap();
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    let filters = "package_type=firmwarePackage&app_id=app-1&product_id=product-1&version=V1.0&limit=50";
    let (mut marker, mut pages) = (String::new(), 1);
    let reported = loop {
        let (status, page) = caller.list(&format!("{filters}{marker}")).await;
        if status == 500 {
            break page;
        }
        marker = format!("&marker={}", page["page"]["marker"].as_str().unwrap());
        pages += 1;
    };
    assert_reported(&reported, "the list");
    assert_eq!(pages, 1200 / 50);
}

/// A dump over HTTP has no end, says why, and is not taken for a whole one.
async fn assert_breaks_off(caller: &Caller) {
    let request = "GET /emulator/dump HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (answer, _) = raw::exchange(caller.emulator.endpoint(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("\r\n0\r\n\r\n"));
    let lines: Vec<&str> = answer.split('\n').filter(|line| line.starts_with('{')).collect();
    assert!(lines.last().is_some_and(|last| last.starts_with("{\"failed\":") && last.contains("damaged")), "{lines:?}");
    let url = format!("{}/emulator/load", caller.emulator.endpoint());
    let short = format!("{}\n{}", lines[0], lines[lines.len() - 1]);
    let (status, refused) = read(caller.http.post(url).body(short).send().await.unwrap()).await;
    assert!(
        status == 400 && refused["error_msg"].as_str().unwrap().contains("line 2: the dump broke off"),
        "{refused}"
    );
}

#[tokio::test]
async fn damage_that_no_start_looks_for_is_reported_where_it_is_read_and_gone_after_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let (data, created) = large(folder.path(), 8500).await;
    let path = data.join("emulator.db");
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 32 << 20);
    assert_reported_in_last_pages(&data, &created, 1).await;

    // One letter of a package in the middle; the structure around it stays.
    let middle = bytes.len() / 2;
    let at = middle + bytes[middle..].windows(64).position(|window| window == [b'x'; 64]).unwrap();
    bytes[at] = b'y';
    fs::write(&path, bytes).unwrap();
    let caller = Caller::of(Emulator::builder().data_dir(&data).check_objects(false).start().await.unwrap());
    let dumped = caller.emulator.dump(folder.path().join("dump")).await.unwrap_err();
    assert!(dumped.to_string().contains("damaged"), "{dumped}");
    assert_breaks_off(&caller).await;
    caller.emulator.reset().await.unwrap();
    assert_eq!(caller.create(&minimal("a.bin")).await.0, 201);
    let (_, page) = caller.list("package_type=firmwarePackage").await;
    assert_eq!(page["page"]["count"], 1);
}

#[tokio::test]
async fn a_damaged_record_of_an_object_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = large(folder.path(), 1200).await;
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    caller.upload("an-object-of-its-own.bin", b"firmware").await;
    caller.emulator.shutdown().await;
    let path = data.join("emulator.db");
    let mut bytes = fs::read(&path).unwrap();
    let key = b"an-object-of-its-own.bin";
    let places: Vec<usize> = (0..bytes.len() - key.len()).filter(|&at| bytes[at..].starts_with(key)).collect();
    // In the table and in its index.
    assert_eq!(places.len(), 2);
    for at in places {
        bytes[at + key.len() - 1] = b'm';
    }
    fs::write(&path, bytes).unwrap();
    let error = Emulator::builder().data_dir(&data).start().await.unwrap_err();
    assert!(matches!(error, StartError::Damaged { .. }), "{error}");
}
