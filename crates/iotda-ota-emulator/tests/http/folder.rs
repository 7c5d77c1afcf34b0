//! The data folder: what start refuses, and that it then leaves everything as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use iotda_ota_emulator::{Emulator, StartError};

use crate::client::Caller;

const LEFTOVER: &str = "incoming/0000000000000000000000000000beef";

/// A folder with one object, as an emulator leaves it.
async fn used() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let caller = Caller::of(start(folder.path()).await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    caller.emulator.shutdown().await;
    folder
}

async fn start(folder: &Path) -> Result<Emulator, StartError> {
    Emulator::builder().data_dir(folder).lock_wait(Duration::ZERO).start().await
}

/// Everything below a folder, with the contents of files; the lock and its holder may come and go.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            found.extend(tree(&path));
            found.insert(path, None);
        } else if !path.ends_with("emulator.lock") && !path.ends_with("emulator.db-shm") {
            let bytes = fs::read(&path).unwrap();
            if !(path.ends_with("emulator.db-wal") && bytes.is_empty()) {
                found.insert(path, Some(bytes));
            }
        }
    }
    found
}

/// Expects that the folder is refused because of `entry`, and that nothing in it has changed.
async fn refused(folder: &Path, entry: &str) -> StartError {
    let before = tree(folder);
    let error = start(folder).await.unwrap_err();
    assert_eq!(tree(folder), before, "{error}");
    let text = error.to_string();
    assert!(text.contains(&folder.join(entry).display().to_string()), "{entry}: {text}");
    assert!(text.contains("--data-dir"), "{text}");
    error
}

async fn foreign(folder: &Path, entry: &str) {
    let error = refused(folder, entry).await;
    assert!(matches!(error, StartError::ForeignFolder { .. }), "{entry}: {error}");
}

/// The one file in `objects/`.
fn object_file(folder: &Path) -> PathBuf {
    fs::read_dir(folder.join("objects")).unwrap().next().unwrap().unwrap().path()
}

#[tokio::test]
async fn a_file_that_only_has_the_name_of_the_marker_is_foreign() {
    for content in ["\u{7f}ELF, the program itself", "", "This folder holds the data"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("iotda-ota-emulator"), content).unwrap();
        fs::create_dir(folder.path().join("incoming")).unwrap();
        fs::write(folder.path().join("incoming/precious.txt"), "precious").unwrap();
        foreign(folder.path(), "iotda-ota-emulator").await;
    }
}

#[tokio::test]
async fn what_is_not_the_emulators_own_is_refused_before_anything_is_removed() {
    for entry in [
        "objects/notes.txt",
        "incoming/notes.txt",
        "objects/0000000000000000000000000000CAFE",
        "incoming/0000000000000000000000000000cafe1",
    ] {
        let folder = used().await;
        fs::write(folder.path().join(LEFTOVER), "half").unwrap();
        fs::write(folder.path().join(entry), "precious").unwrap();
        foreign(folder.path(), entry).await;
    }
}

#[tokio::test]
async fn a_folder_in_the_place_of_a_file_is_named() {
    for entry in ["objects/0000000000000000000000000000cafe", "incoming/sub", "emulator.holder", "emulator.db.new"] {
        let folder = used().await;
        fs::create_dir(folder.path().join(entry)).unwrap();
        foreign(folder.path(), entry).await;
    }
    let folder = used().await;
    fs::write(folder.path().join("orphans"), "a file").unwrap();
    foreign(folder.path(), "orphans").await;
}

#[cfg(unix)]
#[tokio::test]
async fn links_to_somewhere_else_are_refused() {
    use std::os::unix::fs::symlink;

    let elsewhere = tempfile::tempdir().unwrap();
    let outside = elsewhere.path().join("0000000000000000000000000000cafe");
    fs::write(&outside, "precious").unwrap();
    let folders = ["incoming", "objects", "orphans"].map(|entry| (entry, elsewhere.path()));
    let files = ["emulator.db", "emulator.holder", "emulator.lock", LEFTOVER].map(|entry| (entry, outside.as_path()));
    for (entry, target) in folders.into_iter().chain(files) {
        let folder = used().await;
        let path = folder.path().join(entry);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap();
        } else if path.exists() {
            fs::remove_file(&path).unwrap();
        }
        symlink(target, &path).unwrap();
        let error = start(folder.path()).await.unwrap_err();
        assert!(matches!(error, StartError::ForeignFolder { .. }), "{entry}: {error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "precious", "{entry}");
    }
}

#[tokio::test]
async fn an_older_database_that_was_copied_back_costs_no_object() {
    let folder = used().await;
    let database = folder.path().join("emulator.db");
    let older = fs::read(&database).unwrap();
    let caller = Caller::of(start(folder.path()).await.unwrap());
    caller.upload("b.bin", b"newer").await;
    caller.emulator.shutdown().await;
    let newer = tree(&folder.path().join("objects"));
    fs::write(&database, older).unwrap();

    let caller = Caller::of(start(folder.path()).await.unwrap());
    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.text().await.unwrap(), "firmware");
    assert_eq!(caller.obs(Method::HEAD, "b.bin", &[], "").await.status().as_u16(), 404);
    caller.emulator.shutdown().await;
    let objects = tree(&folder.path().join("objects"));
    let orphans = tree(&folder.path().join("orphans"));
    assert_eq!((objects.len(), orphans.len()), (1, 1));
    for (path, bytes) in &orphans {
        let original = folder.path().join("objects").join(path.file_name().unwrap());
        assert_eq!(newer.get(&original), Some(bytes));
        assert_eq!(bytes.as_deref(), Some(b"newer".as_slice()));
    }
}

#[tokio::test]
async fn an_orphan_never_replaces_an_earlier_one() {
    let folder = used().await;
    let name = "0000000000000000000000000000cafe";
    for content in ["first", "second", "third"] {
        fs::write(folder.path().join("objects").join(name), content).unwrap();
        start(folder.path()).await.unwrap().shutdown().await;
    }
    let orphans = tree(&folder.path().join("orphans"));
    let mut contents: Vec<_> = orphans.into_values().flatten().collect();
    contents.sort();
    assert_eq!(contents, [b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]);
}

#[tokio::test]
async fn an_object_without_its_file_is_damage() {
    let folder = used().await;
    let file = object_file(folder.path());
    let damaged = async |change: &dyn Fn()| {
        change();
        fs::write(folder.path().join(LEFTOVER), "half").unwrap();
        let error = refused(folder.path(), &format!("objects/{}", file.file_name().unwrap().display())).await;
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("emulator-bucket/a.bin"), "{error}");
    };
    damaged(&|| fs::write(&file, "firm").unwrap()).await;
    damaged(&|| fs::remove_file(&file).unwrap()).await;
    fs::remove_file(folder.path().join(LEFTOVER)).unwrap();
    fs::remove_dir_all(folder.path().join("incoming")).unwrap();
    fs::remove_dir_all(folder.path().join("objects")).unwrap();
    let error = refused(folder.path(), "objects").await;
    assert!(matches!(error, StartError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_part_without_its_file_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let caller = Caller::of(start(folder.path()).await.unwrap());
    let id = caller.create_upload("fw.bin").await;
    caller.put_part("fw.bin", &id, 7, 10).await;
    caller.emulator.shutdown().await;
    let file = object_file(folder.path());
    for change in [|file: &Path| fs::write(file, "short").unwrap(), |file: &Path| fs::remove_file(file).unwrap()] {
        change(&file);
        let error = refused(folder.path(), &format!("objects/{}", file.file_name().unwrap().display())).await;
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("part 7 of") && text.contains("emulator-bucket/fw.bin"), "{text}");
    }
}

#[tokio::test]
async fn objects_without_their_database_are_damage() {
    let folder = used().await;
    fs::remove_file(folder.path().join("emulator.db")).unwrap();
    let error = refused(folder.path(), "emulator.db").await;
    assert!(matches!(error, StartError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn an_object_whose_file_was_set_aside_is_found() {
    let folder = used().await;
    let file = object_file(folder.path());
    let aside = folder.path().join("orphans").join(file.file_name().unwrap());
    fs::create_dir(folder.path().join("orphans")).unwrap();
    fs::rename(&file, &aside).unwrap();
    let error = refused(folder.path(), "objects").await;
    assert!(error.to_string().contains(&format!("move {} back", aside.display())), "{error}");
    fs::rename(&aside, &file).unwrap();
    start(folder.path()).await.unwrap();
}

#[tokio::test]
async fn a_start_that_fails_at_a_port_has_changed_nothing() {
    let folder = used().await;
    fs::write(folder.path().join(LEFTOVER), "half").unwrap();
    fs::write(folder.path().join("objects/0000000000000000000000000000cafe"), "lost").unwrap();
    let before = tree(folder.path());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = Emulator::builder().data_dir(folder.path()).listen(taken.local_addr().unwrap());
    assert!(builder.start().await.is_err());
    assert_eq!(tree(folder.path()), before);
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_finished_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("iotda-ota-emulator"), "This folder holds").unwrap();
    start(folder.path()).await.unwrap().shutdown().await;
    start(folder.path()).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn a_path_that_is_a_file_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), file.path().join("data")] {
        let error = start(&path).await.unwrap_err();
        assert!(matches!(error, StartError::Folder { .. }), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.to_lowercase().contains("not a directory"), "{source}");
    }
    assert_eq!(fs::read(file.path()).unwrap(), b"");
}

#[cfg(unix)]
#[tokio::test]
async fn one_folder_under_two_names_is_locked() {
    let folder = used().await;
    let parent = tempfile::tempdir().unwrap();
    let alias = parent.path().join("alias");
    std::os::unix::fs::symlink(folder.path(), &alias).unwrap();
    let first = start(folder.path()).await.unwrap();
    let error = start(&alias).await.unwrap_err();
    assert!(matches!(error, StartError::Locked { .. }), "{error}");
    first.shutdown().await;
    start(&alias).await.unwrap();
}
