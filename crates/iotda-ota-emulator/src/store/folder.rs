//! The data folder: whose it is, and making it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::sync_folder;
use crate::start_error::StartError;

/// The file that marks a folder as the emulator's.
const MARKER: &str = "iotda-ota-emulator";

const MARKER_TEXT: &str = "This folder holds the data of an iotda-ota emulator.\n\
    To start afresh, stop the emulator and delete the whole folder.\n";

/// The folder of finished objects.
pub(super) const OBJECTS: &str = "objects";

/// The folder of unfinished uploads.
pub(super) const INCOMING: &str = "incoming";

/// Makes sure that `root` is a folder of the emulator's, and makes it when it is missing or empty.
///
/// A folder that has files but no marker is refused and left as it is.
pub(super) fn prepare(root: &Path, durable: bool) -> Result<(), StartError> {
    let failed = |source| StartError::folder(root, source);
    fs::create_dir_all(root).map_err(failed)?;
    if !root.join(MARKER).is_file() {
        let mut entries = fs::read_dir(root).map_err(failed)?;
        if entries.next().is_some() && !root.join(MARKER).is_file() {
            return Err(StartError::foreign(root));
        }
        mark(root, durable).map_err(failed)?;
    }
    for name in [OBJECTS, INCOMING] {
        fs::create_dir_all(root.join(name)).map_err(failed)?;
    }
    if durable {
        sync_folder(root).map_err(failed)?;
    }
    Ok(())
}

fn mark(root: &Path, durable: bool) -> io::Result<()> {
    let created = fs::File::options().write(true).create_new(true).open(root.join(MARKER));
    let mut marker = match created {
        Ok(marker) => marker,
        // Another emulator that starts at the same moment was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(error),
    };
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
        prepare(&root, true).unwrap();
        prepare(&root, true).unwrap();
        assert!(root.join(MARKER).is_file());
        assert!(root.join(OBJECTS).is_dir());
    }

    #[test]
    fn refuses_a_foreign_folder_and_leaves_it_alone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("thesis.txt"), "precious").unwrap();
        let error = prepare(root.path(), true).unwrap_err();
        assert!(matches!(error, StartError::ForeignFolder { .. }), "{error}");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn refuses_a_path_below_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = prepare(&file.path().join("data"), true).unwrap_err();
        assert!(matches!(error, StartError::Folder { .. }), "{error}");
    }
}
