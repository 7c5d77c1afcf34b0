//! The store as a whole: invariants after many writes, and concurrent writers.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::functions::FunctionFlags;

use super::*;
use crate::clock::FixedClock;
use crate::package::ObsLocation;
use crate::rules::list::Filter;

const CHECKS: Checks = Checks { objects: false, strict: false, limit_packages: None };

fn open(folder: &Path) -> Store {
    let options = OpenOptions {
        folder: folder.to_owned(),
        waited: Duration::ZERO,
        durable: true,
        bucket: "bucket",
        limit_storage: None,
    };
    Store::open(&options, Arc::new(FixedClock::at_unix_seconds(1))).unwrap().0
}

fn package(app: usize, version: usize) -> NewPackage {
    NewPackage {
        app_id: format!("app-{app}"),
        package_type: "firmwarePackage".to_owned(),
        product_id: "product".to_owned(),
        version: format!("V{version}"),
        obs_location: ObsLocation { bucket_name: "bucket".to_owned(), ..ObsLocation::default() },
        ..NewPackage::default()
    }
}

fn everything() -> ListQuery {
    ListQuery {
        filter: Filter { package_type: "firmwarePackage".to_owned(), ..Filter::default() },
        limit: 50,
        marker: None,
        offset: 0,
    }
}

/// Compares the counters with the rows they count.
async fn assert_invariants(store: &Store) {
    let wrong: (u64, u64, u64) = store
        .read(|connection| {
            let count = |sql| connection.query_row(sql, [], |row| row.get(0));
            Ok((
                count(
                    "SELECT count(*) FROM filters WHERE packages = 0 OR packages <>
                     (SELECT count(*) FROM listing WHERE listing.filter_id = filters.filter_id)",
                )?,
                count("SELECT count(*) FROM listing WHERE seq NOT IN (SELECT seq FROM packages)")?,
                count("SELECT abs(8 * (SELECT count(*) FROM packages) - (SELECT count(*) FROM listing))")?,
            ))
        })
        .await
        .unwrap();
    assert_eq!(wrong, (0, 0, 0));
}

#[tokio::test]
async fn counters_agree_with_rows_after_creates_and_deletes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let mut ids = Vec::new();
    for number in 0..30 {
        let new = package(number % 3, number % 7);
        ids.push(store.create_package(new, CHECKS).await.unwrap().package_id);
    }
    for id in ids.iter().step_by(2) {
        assert!(store.delete_package(id.clone()).await.unwrap());
        assert!(!store.delete_package(id.clone()).await.unwrap());
    }
    assert_invariants(&store).await;
    assert_eq!(store.list_packages(&everything()).unwrap().count, 15);
    for id in ids.iter().skip(1).step_by(2) {
        assert!(store.delete_package(id.clone()).await.unwrap());
    }
    assert_invariants(&store).await;
    assert_eq!(store.list_packages(&everything()).unwrap().count, 0);
    store.close();
}

#[tokio::test]
async fn concurrent_creates_all_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let writes = (0..100).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.create_package(package(1, number), CHECKS).await.is_ok() })
    });
    for write in writes.collect::<Vec<_>>() {
        assert!(write.await.unwrap());
    }
    assert_invariants(&store).await;
    let page = store.list_packages(&everything()).unwrap();
    let listed: Vec<serde_json::Value> =
        serde_json::from_str(&format!("[{}]", String::from_utf8(page.json).unwrap())).unwrap();
    assert_eq!((page.count, listed.len()), (100, 50));
    let all = store.packages_after(None, 100).await.unwrap();
    assert!(all.is_sorted_by(|(a, _), (b, _)| a < b));
    assert_eq!(page.last.as_ref(), Some(&all[50].0));
    store.close();
}

#[tokio::test]
async fn record_ids_grow_even_when_the_newest_package_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let first = store.create_package(package(1, 1), CHECKS).await.unwrap();
    store.delete_package(first.package_id).await.unwrap();
    store.close();
    let store = open(folder.path());
    let second = store.create_package(package(1, 1), CHECKS).await.unwrap();
    assert!(second.record_id > first.record_id);
    store.close();
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.close();
    let write = store.create_package(package(1, 1), CHECKS).await;
    assert!(matches!(write, Err(StoreError::Closed)));
    let read = store.list_packages(&everything());
    assert!(matches!(read, Err(StoreError::Closed)));
    drop(open(folder.path()));
}

const NO_DIGEST: Wanted = Wanted { md5: false, sha256: false };

fn about(key: &str) -> NewObject {
    NewObject {
        bucket: "bucket".to_owned(),
        key: key.to_owned(),
        content_type: "text/plain".to_owned(),
        metadata: BTreeMap::from([("x-obs-meta-a".to_owned(), "b: c".to_owned())]),
    }
}

async fn receive(store: &Store, bytes: &'static str) -> Received {
    let mut incoming = store.receive(NO_DIGEST);
    incoming.write(bytes.into()).await.unwrap();
    incoming.finish().await.unwrap()
}

fn count_files(folder: &Path, name: &str) -> usize {
    std::fs::read_dir(folder.join(name)).unwrap().count()
}

#[tokio::test]
async fn bytes_that_are_given_up_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    drop(receive(&store, "bytes").await);
    assert_eq!(count_files(folder.path(), folder::INCOMING), 0);

    let received = receive(&store, "bytes").await;
    let object = store.put_object(about("../key"), "etag".to_owned(), received).await.unwrap();
    let found = store.object("bucket".to_owned(), "../key".to_owned()).await.unwrap();
    assert_eq!(found, Some(object));
    store.close();
}

#[tokio::test]
async fn files_of_a_deleted_object_stay_until_it_is_read() {
    use futures_util::TryStreamExt;

    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let name = || ("bucket".to_owned(), "key".to_owned());
    for text in ["old", "new"] {
        let received = receive(&store, text).await;
        store.put_object(about("key"), "etag".to_owned(), received).await.unwrap();
    }
    let open_object = async || store.open_object(name().0, name().1).await.unwrap().unwrap().1;
    let readers = [open_object().await, open_object().await];
    store.delete_object(name().0, name().1).await.unwrap();
    for reader in readers {
        assert_eq!(count_files(folder.path(), folder::OBJECTS), 1);
        let chunks: Vec<bytes::Bytes> = reader.into_stream().try_collect().await.unwrap();
        assert_eq!(chunks.concat(), b"new");
    }
    assert_eq!(count_files(folder.path(), folder::OBJECTS), 0);
    store.close();
}

#[tokio::test]
async fn a_part_for_an_upload_that_ended_meanwhile_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let id = store.create_upload(about("key")).await.unwrap().id;
    let name = UploadName { bucket: "bucket".to_owned(), key: "key".to_owned(), id };
    let received = receive(&store, "bytes").await;
    store.abort_upload(name.clone()).await.unwrap();
    let late = store.put_part(name, 1, "etag".to_owned(), received).await;
    assert!(matches!(late, Err(StoreError::Rejected(_))), "{late:?}");
    assert_eq!(count_files(folder.path(), folder::OBJECTS), 0);
    store.close();
}

/// Changes rows as a bad disk would: their checksums stay those of other content.
fn damage(folder: &Path, change: &str) {
    let connection = rusqlite::Connection::open(folder.join("emulator.db")).unwrap();
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_sum", -1, flags, |_| Ok(0_i64)).unwrap();
    assert!(connection.execute(change, []).unwrap() > 0, "{change}");
}

async fn assert_damaged(change: &str, operation: impl AsyncFnOnce(&Store, String) -> Result<(), StoreError>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let received = receive(&store, "bytes").await;
    store.put_object(about("key"), "etag".to_owned(), received).await.unwrap();
    store.create_package(package(1, 1), CHECKS).await.unwrap();
    let id = store.create_package(package(1, 1), CHECKS).await.unwrap().package_id;
    damage(folder.path(), change);
    let result = operation(&store, id).await;
    assert!(matches!(result, Err(StoreError::Damaged(_))), "{change}: {result:?}");
    store.close();
}

#[tokio::test]
async fn damaged_records_are_neither_read_nor_changed() {
    let create = async |store: &Store, _| store.create_package(package(1, 1), CHECKS).await.map(drop);
    let delete = async |store: &Store, id| store.delete_package(id).await.map(drop);
    let list = async |store: &Store, _| store.list_packages(&everything()).map(drop);
    let object = async |store: &Store, _| store.object("bucket".to_owned(), "key".to_owned()).await.map(drop);
    let read = async |store: &Store, _| store.open_object("bucket".to_owned(), "key".to_owned()).await.map(drop);
    let remove = async |store: &Store, _| store.delete_object("bucket".to_owned(), "key".to_owned()).await;

    let package = "UPDATE packages SET description = 'garbage'";
    assert_damaged(package, list).await;
    assert_damaged(package, delete).await;
    assert_damaged(package, async |store, id| store.show_package(&id).map(drop)).await;
    assert_damaged(package, async |store, _| store.packages_after(None, 10).await.map(drop)).await;
    let count = "UPDATE filters SET packages = 7";
    assert_damaged(count, list).await;
    assert_damaged(count, create).await;
    assert_damaged(count, delete).await;
    assert_damaged("UPDATE sequence SET last = 0", create).await;
    assert_damaged("UPDATE objects SET size = 1", object).await;
    assert_damaged("UPDATE objects SET size = 1", remove).await;
    assert_damaged("UPDATE object_files SET file = '../emulator.db'", read).await;
    assert_damaged("UPDATE object_files SET file = '../emulator.db'", remove).await;
    assert_damaged("DELETE FROM object_files", read).await;
}

/// Runs writes in one transaction, in their order: all of them wait while another one runs.
async fn together<A, B>(store: &Store, first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (free, held) = std::sync::mpsc::channel();
    let hold = store.inner.writer.run(move |_| {
        let _ = held.recv();
        Ok(())
    });
    let (_, first, second, _) = tokio::join!(hold, first, second, async move { free.send(()) });
    (first, second)
}

#[tokio::test]
async fn a_write_that_meets_damage_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let [mut whole, mut damaged] = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        whole.push(store.create_package(package(1, 1), CHECKS).await.unwrap().package_id);
        damaged.push(store.create_package(package(2, 2), CHECKS).await.unwrap().package_id);
    }
    // The last of the eight that are looked at.
    damage(folder.path(), "UPDATE filters SET packages = 7 WHERE app_id <> '' AND product_id <> '' AND version = 'V2'");
    let creates = (store.create_package(package(2, 2), CHECKS), store.create_package(package(1, 1), CHECKS));
    let (bad, good) = together(&store, creates.0, creates.1).await;
    assert!(matches!(bad, Err(StoreError::Damaged(_))), "{bad:?}");
    assert!(good.is_ok(), "{good:?}");
    let deletes = (store.delete_package(damaged.remove(0)), store.delete_package(whole.remove(0)));
    let (bad, good) = together(&store, deletes.0, deletes.1).await;
    assert!(matches!(bad, Err(StoreError::Damaged(_))), "{bad:?}");
    assert!(matches!(good, Ok(true)), "{good:?}");
    store.close();
}

#[tokio::test]
async fn after_a_reset_nothing_is_damaged() {
    for change in [
        "UPDATE buckets SET owner = 'garbage'",
        "DELETE FROM buckets",
        "UPDATE sequence SET last = 7",
        "DELETE FROM sequence",
        "UPDATE object_files SET size = 7",
        "UPDATE filters SET packages = 7",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let received = receive(&store, "bytes").await;
        store.put_object(about("key"), "etag".to_owned(), received).await.unwrap();
        store.create_package(package(1, 1), CHECKS).await.unwrap();
        damage(folder.path(), change);
        store.clear().await.unwrap();
        let bucket = store.bucket("bucket".to_owned()).await.unwrap();
        assert_eq!(bucket.map(|bucket| bucket.owner), Some(String::new()), "{change}");
        let first = store.create_package(package(1, 1), CHECKS).await.unwrap();
        assert_eq!(RecordId::read(&first.record_id).map(|id| id.seq), Some(1), "{change}");
        assert_invariants(&store).await;
        store.close();
    }
}

#[tokio::test]
async fn a_list_that_does_not_have_what_it_counts_is_damaged() {
    let list = async |store: &Store, _| store.list_packages(&everything()).map(drop);
    assert_damaged("DELETE FROM listing WHERE seq = 1", list).await;
    assert_damaged("DELETE FROM packages WHERE seq = 1", list).await;
    assert_damaged("UPDATE listing SET seq = 9 WHERE seq = 2", list).await;
}
