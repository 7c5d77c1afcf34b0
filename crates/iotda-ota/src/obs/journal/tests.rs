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

async fn open(folder: &Path, target: Target) -> Journal {
    Journal::open(folder, target, &Waiting::default()).await.unwrap()
}

/// The upload that a journal names, if it is one of this subject.
fn begun(journal: &Journal, subject: &Subject) -> Option<Saved> {
    match journal.load()? {
        Record { subject: found, stage: Stage::Begun(saved) } if found == *subject => Some(saved),
        _ => None,
    }
}

/// A journal with two parts.
async fn journal(folder: &Path, subject: &Subject) -> Journal {
    let mut journal = open(folder, subject.target.clone()).await;
    journal.begin(subject, &Saved { upload_id: "u1".to_owned(), parts: BTreeMap::new() }).unwrap();
    journal.add(2, part("\"two\""));
    journal.add(1, part("\"one\""));
    journal
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    let (folder, subject) = subject();
    let written = journal(folder.path(), &subject).await;
    let saved = begun(&written, &subject).unwrap();
    assert_eq!(saved.upload_id, "u1");
    assert_eq!(saved.parts, BTreeMap::from([(1, part("\"one\"")), (2, part("\"two\""))]));
    drop(written);
    // Whoever goes on writes down again what is known, and adds to it.
    let mut next = open(folder.path(), target()).await;
    next.begin(&subject, &saved).unwrap();
    next.add(3, part("\"three\""));
    assert_eq!(begun(&next, &subject).unwrap().parts.len(), 3);
    next.remove();
    assert_eq!(next.load(), None);
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
        assert_eq!(begun(&journal, &other), None, "{other:?}");
    }
    assert!(begun(&journal, &subject).is_some());
    // A copy of it is none of another target.
    let other = open(folder.path(), Target { key: "c.bin".to_owned(), ..target() }).await;
    std::fs::copy(&journal.path, &other.path).unwrap();
    assert_eq!(other.load(), None);
}

#[tokio::test]
async fn an_upload_that_is_about_to_be_begun_is_no_upload_yet() {
    let (folder, subject) = subject();
    let mut journal = journal(folder.path(), &subject).await;
    for before in [None, Some(vec![]), Some(vec!["u1".to_owned(), "u2".to_owned()])] {
        journal.intend(&subject, before.clone()).unwrap();
        let record = Record { subject: subject.clone(), stage: Stage::Intended { before } };
        assert_eq!(journal.load(), Some(record));
        // There is nothing yet to add parts to.
        journal.add(1, part("\"one\""));
        assert_eq!(begun(&journal, &subject), None);
    }
}

#[tokio::test]
async fn what_nobody_opened_for_a_month_is_forgotten_unless_somebody_is_at_it() {
    let (folder, subject) = subject();
    let with_key = |key: &str| Subject { target: Target { key: key.to_owned(), ..target() }, ..subject.clone() };
    let held = journal(folder.path(), &with_key("held")).await;
    let (old, young) = (with_key("old"), with_key("young"));
    let paths = [&old, &young].map(|subject| (subject, folder.path().to_owned()));
    let mut written = Vec::new();
    for (subject, folder) in paths {
        written.push(journal(&folder, subject).await.path.clone());
    }
    let long_ago = SystemTime::now() - KEPT - Duration::from_secs(60);
    let (lock, other) = (folder.path().join("publish-x.lock"), folder.path().join("other.bin"));
    for path in [&held.path, &written[0], &lock, &other] {
        File::options().append(true).create(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let forgotten: Vec<_> = forgotten(folder.path()).iter().map(|journal| journal.target().clone()).collect();
    assert_eq!(forgotten, [old.target]);
    assert_eq!(lock.exists(), cfg!(not(unix)));
    assert!(other.exists());
    assert_eq!(super::forgotten(&folder.path().join("missing")).len(), 0);
}

#[tokio::test]
async fn a_journal_that_is_cut_anywhere_names_fewer_parts_or_none() {
    let (folder, subject) = subject();
    let journal = journal(folder.path(), &subject).await;
    let whole = std::fs::read(&journal.path).unwrap();
    let all = begun(&journal, &subject).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&journal.path, &whole[..length]).unwrap();
        let Some(saved) = begun(&journal, &subject) else { continue };
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
    assert_eq!(journal.load(), None);
    std::fs::remove_file(&journal.path).unwrap();
    std::fs::create_dir(&journal.path).unwrap();
    assert_eq!(journal.load(), None);
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
        let head = Head { journal: VERSION, subject, upload_id: Some("u1".to_owned()), before: None };
        let mut bytes = line(&head).unwrap();
        bytes.extend(line(&Line { part: 1, saved: part("\"one\"") }).unwrap());
        let at = at % bytes.len();
        bytes[at] = byte;
        // Whatever comes out was in there: nothing is made up, and nothing panics.
        if let Some(Record { stage: Stage::Begun(saved), .. }) = parse(&bytes) {
            prop_assert!(saved.parts.len() <= 1);
        }
    }
}
