//! Journals that are read back, and files that only look like one.

use proptest::prelude::*;

use super::*;
use crate::obs::file::Source;

fn target() -> Target {
    Target { endpoint: "http://127.0.0.1:1".to_owned(), bucket: "fw".to_owned(), key: "a/b.bin".to_owned() }
}

fn part(etag: &str) -> SavedPart {
    SavedPart { etag: etag.to_owned(), sha256: Checksum::from_digest([7; 32]) }
}

/// A subject, and the folder that holds its file.
fn subject() -> (tempfile::TempDir, Subject) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bin");
    std::fs::write(&path, b"firmware").unwrap();
    let file = Source::open(&path).unwrap().identity().clone();
    (folder, Subject { target: target(), file, part_size: 3 })
}

/// A journal with two parts.
async fn journal(folder: &Path, subject: &Subject) -> Journal {
    let mut journal = Journal::open(folder, subject.target.clone()).await.unwrap();
    journal.begin(subject, &Saved { upload_id: "u1".to_owned(), parts: BTreeMap::new() }).unwrap();
    journal.add(2, part("\"two\""));
    journal.add(1, part("\"one\""));
    journal
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    let (folder, subject) = subject();
    let written = journal(folder.path(), &subject).await;
    let saved = written.load(&subject).unwrap();
    assert_eq!(saved.upload_id, "u1");
    assert_eq!(saved.parts, BTreeMap::from([(1, part("\"one\"")), (2, part("\"two\""))]));
    drop(written);
    // Whoever goes on writes down again what is known, and adds to it.
    let mut next = Journal::open(folder.path(), target()).await.unwrap();
    next.begin(&subject, &saved).unwrap();
    next.add(3, part("\"three\""));
    assert_eq!(next.load(&subject).unwrap().parts.len(), 3);
    next.remove();
    assert_eq!(next.load(&subject), None);
}

#[tokio::test]
async fn a_journal_of_another_file_another_place_or_other_parts_is_ignored() {
    let (folder, subject) = subject();
    let journal = journal(folder.path(), &subject).await;
    let (_other_folder, other) = self::subject();
    for other in [
        Subject { file: other.file, ..subject.clone() },
        Subject { part_size: 4, ..subject.clone() },
        Subject { target: Target { key: "c.bin".to_owned(), ..target() }, ..subject.clone() },
    ] {
        assert_eq!(journal.load(&other), None, "{other:?}");
    }
    assert!(journal.load(&subject).is_some());
}

#[tokio::test]
async fn a_journal_that_is_cut_anywhere_names_fewer_parts_or_none() {
    let (folder, subject) = subject();
    let journal = journal(folder.path(), &subject).await;
    let whole = std::fs::read(&journal.path).unwrap();
    let all = journal.load(&subject).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&journal.path, &whole[..length]).unwrap();
        let Some(saved) = journal.load(&subject) else { continue };
        assert!(saved.upload_id == "u1" && saved.parts.len() < 2, "{length}");
        assert!(saved.parts.iter().all(|(number, part)| all.parts.get(number) == Some(part)), "{length}");
    }
}

#[tokio::test]
async fn a_folder_or_a_very_long_file_in_the_place_of_a_journal_is_ignored() {
    let (folder, subject) = subject();
    let journal = journal(folder.path(), &subject).await;
    let file = OpenOptions::new().write(true).open(&journal.path).unwrap();
    file.set_len(LONGEST + 1).unwrap();
    assert_eq!(journal.load(&subject), None);
    std::fs::remove_file(&journal.path).unwrap();
    std::fs::create_dir(&journal.path).unwrap();
    assert_eq!(journal.load(&subject), None);
}

proptest! {
    #[test]
    fn any_bytes_are_a_journal_or_ignored(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(parse(&bytes), None);
    }

    #[test]
    fn any_json_is_a_journal_or_ignored(text in "(\\{(\"[a-z_]{1,9}\":([0-9]{1,20}|\"[a-z]{0,5}\"|null|\\[\\]),?){0,6}\\}\n){1,4}") {
        prop_assert_eq!(parse(text.as_bytes()), None);
    }

    #[test]
    fn a_byte_that_is_changed_makes_no_other_parts(at in 0_usize..600, byte in any::<u8>()) {
        let (_folder, subject) = subject();
        let head = Head { journal: VERSION, subject, upload_id: "u1".to_owned() };
        let mut bytes = line(&head).unwrap();
        bytes.extend(line(&Line { part: 1, saved: part("\"one\"") }).unwrap());
        let at = at % bytes.len();
        bytes[at] = byte;
        // Whatever comes out was in there: nothing is made up, and nothing panics.
        if let Some((_, saved)) = parse(&bytes) {
            prop_assert!(saved.parts.len() <= 1);
        }
    }
}
