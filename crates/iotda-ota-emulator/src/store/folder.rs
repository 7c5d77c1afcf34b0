//! The data folder: whose it is, and making it.

use std::ffi::OsString;
use std::fs::{self, File, FileType};
use std::io::{self, Read, Write};
use std::path::Path;

use super::{database, lock, sync_folder};
use crate::start_error::StartError;

/// The file that marks a folder as the emulator's.
const MARKER: &str = "iotda-ota-emulator";

/// What the marker says, to the letter: the program itself has the same name as the marker.
const MARKER_TEXT: &str = "This folder holds the data of an iotda-ota emulator.\n\
    To start afresh, stop the emulator and delete the whole folder.\n";

/// The folder of finished objects.
pub(super) const OBJECTS: &str = "objects";

/// The folder of unfinished uploads.
pub(super) const INCOMING: &str = "incoming";

/// The folder of files that belonged to no object when an emulator started.
pub(super) const ORPHANS: &str = "orphans";

/// Makes sure that `root` is a folder of the emulator's, and makes and marks it when it is missing or empty.
///
/// A folder that has files but no marker, or a link in the place of something of the emulator's, is refused and left as
/// it is. What is inside the folders is looked at later, when the folder is locked.
pub(super) fn claim(root: &Path, durable: bool) -> Result<(), StartError> {
    let failed = |source| StartError::folder(root, source);
    if fs::metadata(root).is_ok_and(|found| !found.is_dir()) {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    fs::create_dir_all(root).map_err(failed)?;
    // Listed before the marker is read: whoever starts in the same empty folder at this moment makes nothing else before
    // the marker is complete.
    let names = names(root).map_err(failed)?;
    match Marker::read(&root.join(MARKER)).map_err(|source| StartError::folder(&root.join(MARKER), source))? {
        Marker::Complete => {}
        Marker::Missing => {
            if let Some(first) = names.first() {
                return Err(StartError::foreign(root, &root.join(first), "is there without the marker of an emulator"));
            }
            mark(root, durable).map_err(failed)?;
        }
        // The marker may have come between the list and now.
        Marker::Unfinished if names.iter().all(|name| name == MARKER) => mark(root, durable).map_err(failed)?,
        Marker::Unfinished | Marker::Other => {
            return Err(StartError::foreign(root, &root.join(MARKER), "is not the marker of an emulator"));
        }
    }
    for name in lock::FILES {
        require(root, name, FileType::is_file, "is not a regular file")?;
    }
    for name in database::files() {
        require(root, &name, FileType::is_file, "is not a regular file")?;
    }
    for name in [OBJECTS, INCOMING, ORPHANS] {
        require(root, name, FileType::is_dir, "is not a folder of its own")?;
    }
    Ok(())
}

/// Makes the folders that are missing.
pub(super) fn complete(root: &Path, durable: bool) -> Result<(), StartError> {
    for name in [OBJECTS, INCOMING] {
        let folder = root.join(name);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(|source| StartError::folder(&folder, source))?,
        }
    }
    if durable {
        sync_folder(root).map_err(|source| StartError::folder(root, source))?;
    }
    Ok(())
}

fn names(root: &Path) -> io::Result<Vec<OsString>> {
    fs::read_dir(root)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Refuses what is there under a name of the emulator's and is something else, a link above all.
fn require(root: &Path, name: &str, is_right: fn(&FileType) -> bool, problem: &'static str) -> Result<(), StartError> {
    let path = root.join(name);
    match fs::symlink_metadata(&path) {
        Ok(found) if is_right(&found.file_type()) => Ok(()),
        Ok(_) => Err(StartError::foreign(root, &path, problem)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(StartError::folder(&path, source)),
    }
}

/// What is there under the name of the marker.
#[derive(Debug, PartialEq, Eq)]
enum Marker {
    Complete,
    Missing,
    /// The beginning of the text: an emulator is writing it right now, or was killed when it did.
    Unfinished,
    Other,
}

impl Marker {
    fn read(path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Ok(Self::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Missing),
            Err(error) => return Err(error),
        }
        let mut found = Vec::new();
        // One byte more than the text tells a longer file from the marker, however long that file is.
        File::open(path)?.take(MARKER_TEXT.len() as u64 + 1).read_to_end(&mut found)?;
        Ok(if found == MARKER_TEXT.as_bytes() {
            Self::Complete
        } else if MARKER_TEXT.as_bytes().starts_with(&found) {
            Self::Unfinished
        } else {
            Self::Other
        })
    }
}

/// Writes the marker; two emulators that do it at the same moment write the same bytes.
fn mark(root: &Path, durable: bool) -> io::Result<()> {
    let mut marker = File::options().write(true).create(true).truncate(false).open(root.join(MARKER))?;
    marker.write_all(MARKER_TEXT.as_bytes())?;
    if durable {
        marker.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_a_missing_folder_and_accepts_it_again() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("a/b");
        for _ in 0..2 {
            claim(&root, true).unwrap();
            complete(&root, true).unwrap();
        }
        assert_eq!(Marker::read(&root.join(MARKER)).unwrap(), Marker::Complete);
        assert!(root.join(OBJECTS).is_dir());
    }

    #[test]
    fn tells_the_marker_from_other_files() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(MARKER);
        let longer = format!("{MARKER_TEXT}and more");
        let cases = [
            (MARKER_TEXT, Marker::Complete),
            (&MARKER_TEXT[..20], Marker::Unfinished),
            ("", Marker::Unfinished),
            (&longer, Marker::Other),
            ("\u{7f}ELF", Marker::Other),
        ];
        assert_eq!(Marker::read(&path).unwrap(), Marker::Missing);
        for (content, expected) in cases {
            fs::write(&path, content).unwrap();
            assert_eq!(Marker::read(&path).unwrap(), expected, "{content}");
        }
    }

    #[test]
    fn refuses_a_foreign_folder_and_leaves_it_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("thesis.txt"), "precious").unwrap();
        let error = claim(root.path(), true).unwrap_err();
        assert!(matches!(error, StartError::ForeignFolder { .. }), "{error}");
        assert_eq!(names(root.path()).unwrap(), ["thesis.txt"]);
    }

    #[test]
    fn many_emulators_may_claim_one_empty_folder() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| claim(root.path(), false).unwrap());
            }
        });
        assert_eq!(Marker::read(&root.path().join(MARKER)).unwrap(), Marker::Complete);
    }
}
