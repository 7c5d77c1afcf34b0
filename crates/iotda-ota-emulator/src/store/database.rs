//! The database file: making it and opening connections. Its tables are in [`schema`]; damage is recognized in [`check`].

mod check;
mod schema;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{sums, sync_folder};
use crate::start_error::StartError;

const FILE: &str = "emulator.db";

/// The database while it is being made; it gets its name when it is complete.
const UNFINISHED: &str = "emulator.db.new";

/// Marks an SQLite file as ours: the letters `iOTA`.
const APPLICATION_ID: u32 = 0x694f_5441;

/// What SQLite appends to the name of a database for its own files beside it.
const SUFFIXES: [&str; 4] = ["", "-journal", "-wal", "-shm"];

/// The names of the files of this module.
pub(super) fn files() -> impl Iterator<Item = String> {
    [FILE, UNFINISHED].into_iter().flat_map(|name| SUFFIXES.map(|suffix| format!("{name}{suffix}")))
}

/// The path of the database in `root`, if there is one; it is checked and not changed.
///
/// `has_objects` says whether there are files of objects, which do not go without a database.
pub(super) fn find(root: &Path, has_objects: bool) -> Result<Option<PathBuf>, StartError> {
    let path = root.join(FILE);
    if path.exists() {
        // SQLite would open a file that cannot be written for reading, and leave files like it beside it.
        for file in SUFFIXES.map(|suffix| with_suffix(&path, suffix)).into_iter().filter(|file| file.exists()) {
            File::options().write(true).open(&file).map_err(|source| StartError::folder(&file, source))?;
        }
        check::check(&path)?;
        return Ok(Some(path));
    }
    if has_objects || with_suffix(&path, "-wal").exists() {
        // A new database would make the objects garbage, so the missing one counts as damage.
        return Err(StartError::damaged(&path, &"it is missing, and the folder has data that belongs to it"));
    }
    Ok(None)
}

/// Makes an empty database and returns its path.
pub(super) fn create(root: &Path, durable: bool) -> Result<PathBuf, StartError> {
    let path = root.join(FILE);
    fill_and_rename(root, &path, durable).map_err(|source| StartError::folder(&path, source))?;
    Ok(path)
}

/// Opens a connection that may write.
pub(super) fn connect(path: &Path, durable: bool) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "OFF" })?;
    // Only macOS heeds this: there an ordinary sync leaves the data in the disk's own cache.
    connection.pragma_update(None, "fullfsync", durable)?;
    // A page that many writes change is merged once for all of them, so rarer merging costs less; the log then has up to
    // 16 MiB, which a start after a crash reads in a moment.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    // In KiB when negative; taken only as it is needed.
    connection.pragma_update(None, "cache_size", -16384)?;
    // What savepoints need to undo a write would else be a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens a connection that only reads and also changes nothing when it is closed.
pub(super) fn connect_inspector(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect_reader(path)?;
    // Closing the last connection would merge the write-ahead log into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

fn open(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // Otherwise a statement with a parameter in LIMIT is planned anew whenever another value is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    sums::register(&connection)?;
    Ok(connection)
}

/// Makes the whole database under another name and renames it, so that a crash leaves none rather than half of one.
fn fill_and_rename(root: &Path, path: &Path, durable: bool) -> io::Result<()> {
    let unfinished = root.join(UNFINISHED);
    for suffix in SUFFIXES {
        match fs::remove_file(with_suffix(&unfinished, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fill(&unfinished).map_err(io::Error::other)?;
    if durable {
        File::options().write(true).open(&unfinished)?.sync_all()?;
    }
    fs::rename(&unfinished, path)?;
    if durable {
        sync_folder(root)?;
    }
    Ok(())
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    sums::register(&connection)?;
    // Nothing has to survive until the rename, so the syncs are left to the caller.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "journal_mode", "MEMORY")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", schema::VERSION)?;
    connection.execute_batch(&format!("BEGIN; {} COMMIT;", schema::TABLES))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with_database() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            assert_eq!(folder.find().unwrap(), None);
            create(folder.0.path(), true).unwrap();
            folder
        }

        fn find(&self) -> Result<Option<PathBuf>, StartError> {
            find(self.0.path(), false)
        }

        /// Changes the database file and expects that it is refused and not changed further.
        fn refused_after(&self, change: impl FnOnce(&mut Vec<u8>)) -> StartError {
            let path = self.0.path().join(FILE);
            let mut bytes = fs::read(&path).unwrap();
            change(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let error = self.find().unwrap_err();
            assert_eq!(fs::read(&path).unwrap(), bytes);
            error
        }
    }

    #[test]
    fn a_fresh_database_passes_its_own_check() {
        let folder = Folder::with_database();
        let path = folder.find().unwrap().unwrap();
        let connection = connect(&path, true).unwrap();
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        assert!(!folder.0.path().join(UNFINISHED).exists());
    }

    #[test]
    fn statements_are_planned_once_whatever_is_bound() {
        let folder = Folder::with_database();
        let reader = connect_reader(&folder.find().unwrap().unwrap()).unwrap();
        let mut statement = reader.prepare("SELECT seq FROM listing WHERE seq <= ?1 LIMIT ?2 OFFSET ?3").unwrap();
        for values in [[1, 2, 3], [4, 5, 6]] {
            assert!(statement.query(values).unwrap().next().unwrap().is_none());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }

    #[test]
    fn refuses_damage_and_leaves_the_file_as_it_is() {
        type Change = fn(&mut Vec<u8>);
        let changes: [(&str, Change); 6] = [
            ("empty", |bytes| bytes.clear()),
            ("short", |bytes| bytes.truncate(50)),
            ("truncated", |bytes| bytes.truncate(bytes.len() - 4096)),
            ("foreign", |bytes| bytes[..6].copy_from_slice(b"hello!")),
            ("other application", |bytes| bytes[68] = 0),
            ("garbage inside", |bytes| bytes[4096..8192].fill(0x5a)),
        ];
        for (name, change) in changes {
            let error = Folder::with_database().refused_after(change);
            assert!(matches!(error, StartError::Damaged { .. }), "{name}: {error}");
            assert!(error.to_string().contains("--data-dir"), "{name}: {error}");
        }
    }

    #[test]
    fn refuses_a_newer_schema() {
        let error = Folder::with_database().refused_after(|bytes| bytes[63] = 9);
        assert!(matches!(error, StartError::NewerData { .. }), "{error}");
    }

    #[test]
    fn a_missing_database_beside_objects_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(folder.path(), true).unwrap_err();
        assert!(matches!(error, StartError::Damaged { .. }), "{error}");
    }
}
