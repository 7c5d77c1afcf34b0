//! What lies in `objects/` and `incoming/` when the emulator starts: compared with the database before anything is
//! changed, tidied up when nothing can fail any more.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::files::is_file_name;
use super::folder::{INCOMING, OBJECTS, ORPHANS};
use crate::start_error::StartError;

/// A file that the database needs.
#[derive(Debug)]
pub(super) struct NeededFile {
    /// What needs it, for messages.
    by: String,
    file: String,
    pub(super) size: u64,
}

/// The files of all objects, and of all parts of uploads.
pub(super) fn needed_files(connection: &Connection) -> rusqlite::Result<Vec<NeededFile>> {
    connection
        .prepare(
            "SELECT 'the object ' || bucket || '/' || key, file, object_files.size
             FROM object_files JOIN objects USING (object_id)
             UNION ALL
             SELECT 'part ' || number || ' of the upload ' || upload_id || ' of ' || bucket || '/' || key, file, size
             FROM parts JOIN uploads USING (upload_id)",
        )?
        .query_map([], |row| Ok(NeededFile { by: row.get(0)?, file: row.get(1)?, size: row.get(2)? }))?
        .collect()
}

/// The files that were found.
#[derive(Debug)]
pub(super) struct Inventory {
    root: PathBuf,
    /// Names and sizes.
    objects: HashMap<String, u64>,
    incoming: HashMap<String, u64>,
}

impl Inventory {
    /// Lists both folders; refuses everything that is not a file of the emulator's.
    pub(super) fn take(root: &Path) -> Result<Self, StartError> {
        Ok(Self { root: root.to_owned(), objects: list(root, OBJECTS)?, incoming: list(root, INCOMING)? })
    }

    pub(super) fn has_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    /// Refuses the folder when a file that the database needs is missing or has another size.
    ///
    /// Returns what is left to tidy up.
    pub(super) fn compare(mut self, needed: &[NeededFile]) -> Result<Leftovers, StartError> {
        for NeededFile { by, file, size } in needed {
            let path = self.root.join(OBJECTS).join(file);
            match self.objects.remove(file) {
                Some(found) if found == *size => {}
                Some(found) => {
                    let problem = format!("it has {found} bytes, and {by} needs {size} there");
                    return Err(StartError::damaged(&path, &problem));
                }
                None => {
                    let aside = self.root.join(ORPHANS).join(file);
                    let hint = if aside.exists() { format!("; move {} back", aside.display()) } else { String::new() };
                    let problem = format!("it is missing, and {by} needs it{hint}");
                    return Err(StartError::damaged(&path, &problem));
                }
            }
        }
        Ok(Leftovers {
            root: self.root,
            orphans: self.objects.into_keys().collect(),
            incoming: self.incoming.into_keys().collect(),
        })
    }
}

/// What a crash, or a database that was copied back, leaves behind.
#[derive(Debug)]
pub(crate) struct Leftovers {
    root: PathBuf,
    /// Files in `objects/` that belong to nothing.
    orphans: Vec<String>,
    /// Files in `incoming/`.
    incoming: Vec<String>,
}

impl Leftovers {
    /// Removes unfinished uploads and moves orphans aside. Blocks.
    ///
    /// What cannot be removed or moved does no harm where it is and is tried again at the next start.
    pub(crate) fn clear(self) {
        for name in &self.incoming {
            let _ = fs::remove_file(self.root.join(INCOMING).join(name));
        }
        for name in &self.orphans {
            let _ = self.set_aside(name);
        }
    }

    fn set_aside(&self, name: &str) -> io::Result<()> {
        let folder = self.root.join(ORPHANS);
        fs::create_dir_all(&folder)?;
        let mut target = folder.join(name);
        let mut count = 1_u32;
        // Names repeat under a clock that begins anew, and renaming would replace the earlier orphan.
        while fs::symlink_metadata(&target).is_ok() {
            count += 1;
            target = folder.join(format!("{name}.{count}"));
        }
        fs::rename(self.root.join(OBJECTS).join(name), target)
    }
}

fn list(root: &Path, folder: &str) -> Result<HashMap<String, u64>, StartError> {
    let path = root.join(folder);
    let failed = |source| StartError::folder(&path, source);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = HashMap::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // Neither the type nor the size follows a link.
        let metadata = entry.metadata().map_err(|source| StartError::folder(&entry.path(), source))?;
        match ours(&entry.file_name()) {
            Some(name) if metadata.is_file() => found.insert(name, metadata.len()),
            _ => return Err(StartError::foreign(root, &entry.path(), "is not a file that an emulator made")),
        };
    }
    Ok(found)
}

fn ours(name: &OsStr) -> Option<String> {
    name.to_str().filter(|name| is_file_name(name)).map(str::to_owned)
}
