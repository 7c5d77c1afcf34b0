//! Journals that cannot be believed, and folders that cannot hold any: the object is right in every case.

use std::path::{Path, PathBuf};

use super::resume::broken_off;
use super::{PART, Setup, files};

/// The only journal in a folder.
fn journal(folder: &Path) -> PathBuf {
    files(folder).into_iter().find(|path| path.extension().is_some_and(|name| name == "journal")).expect("there is one")
}

/// Edits the journal of an upload that was broken off, and tells how many parts are sent after that.
async fn after_edit(edit: impl Fn(&str) -> String) -> usize {
    let setup = broken_off().await;
    let path = journal(setup.journals.path());
    let text = std::fs::read_to_string(&path).expect("it is text");
    let edited = edit(&text);
    assert_ne!(edited, text);
    std::fs::write(&path, edited).expect("it can be written");
    setup.again().await;
    setup.sent()
}

#[tokio::test]
async fn a_journal_that_is_cut_costs_the_parts_that_it_no_longer_names() {
    assert_eq!(after_edit(|_| String::new()).await, 10);
    assert_eq!(after_edit(|text| text[..20].to_owned()).await, 10);
    // Half of the last line is missing.
    assert_eq!(after_edit(|text| text[..text.len() - 10].to_owned()).await, 3);
}

#[tokio::test]
async fn a_journal_that_was_edited_makes_no_other_object() {
    // Parts that were never sent, one after the other with the same checksum.
    let invented = after_edit(|text| {
        let last = text.lines().last().unwrap();
        let number = last.split([':', ',']).nth(1).unwrap();
        let of = |other: usize| last.replacen(&format!(":{number},"), &format!(":{other},"), 1) + "\n";
        text.to_owned() + &(1..=10).map(of).collect::<String>()
    });
    assert!(invented.await >= 9);
    // Another ETag than the store lists, and another checksum than the file has.
    assert_eq!(after_edit(|text| text.replace("\"etag\":\"", "\"etag\":\"x")).await, 10);
    assert_eq!(after_edit(|text| text.replace("\"sha256\":\"", "\"sha256\":\"0")).await, 10);
    // An upload that does not exist.
    assert_eq!(after_edit(|text| text.replace("\"upload_id\":\"", "\"upload_id\":\"0")).await, 10);
    assert_eq!(after_edit(|text| text.replace("\"upload_id\":\"", "\"upload_id\":\" ")).await, 10);
    // Parts of another size, which would take all memory.
    let size = format!("\"part_size\":{PART}");
    assert_eq!(after_edit(|text| text.replace(&size, "\"part_size\":18446744073709551615")).await, 10);
}

#[tokio::test]
async fn a_journal_of_another_target_is_not_used() {
    let setup = broken_off().await;
    let foreign = broken_off().await;
    std::fs::copy(journal(foreign.journals.path()), journal(setup.journals.path())).unwrap();
    setup.again().await;
    assert_eq!(setup.sent(), 10);
}

#[tokio::test]
async fn without_a_folder_for_journals_the_upload_succeeds_with_a_warning() {
    let setup = Setup::new(3 * PART, |_| support::Fault::None).await;
    let file = setup.journals.path().join("file");
    std::fs::write(&file, "").unwrap();
    let uploaded = setup.upload().journal_dir(&file).send().await.unwrap();
    assert_eq!(uploaded.warnings.len(), 1, "{:?}", uploaded.warnings);
    assert_eq!(uploaded.warnings[0].field, "journal_dir");
    assert_eq!(setup.stored().await, setup.expected());
}

#[tokio::test]
async fn a_folder_in_the_place_of_the_journal_is_no_reason_to_fail() {
    let setup = broken_off().await;
    let path = journal(setup.journals.path());
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    setup.proxy.turn(|_| support::Fault::None);
    let uploaded = setup.upload().send().await.unwrap();
    assert_eq!(uploaded.warnings.len(), 1, "{:?}", uploaded.warnings);
    assert_eq!(setup.stored().await, setup.expected());
}
