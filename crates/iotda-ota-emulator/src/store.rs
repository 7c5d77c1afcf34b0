//! What the emulator keeps: records in SQLite, the bytes of objects in files.
//!
//! # The folder
//!
//! | name | what it is |
//! |---|---|
//! | `iotda-ota-emulator` | the marker, with a fixed text: a folder that has files but not this one is never touched |
//! | `emulator.lock` | locked while an emulator uses the folder |
//! | `emulator.holder` | who holds the lock: process id and addresses |
//! | `emulator.db` | the database, with `-wal` and `-shm` beside it while it is open |
//! | `objects/ID` | bytes of an object, or of a part of a multipart upload; ID is made up, never derived from the key |
//! | `incoming/ID` | bytes that are still coming in; removed at start |
//! | `orphans/ID` | a file from `objects/` that belonged to nothing at a start; never read or removed |
//!
//! An ID is 32 lower-case hexadecimal digits. What is in `objects/` or `incoming/` under any other name, a link, or
//! anything else of a kind that it should not be, makes the folder foreign.
//!
//! # Tables
//!
//! - `packages`: one row for each package. `seq` grows with every create and is never used again; `record_id`, the
//!   paging position on the wire, is the creation second and `seq` in 24 hexadecimal digits, so both orders are the same.
//! - `filters`: one row for each combination of list filters that matches a package, with the number of packages it
//!   matches. Of a package there are eight: its type, with and without app, product and version (empty text: any).
//! - `listing`: the packages of each filter, in order. A page of any filter is therefore a range of this table, and its
//!   count is one row of `filters`: both cost the same however many packages there are.
//! - `sequence`: the last `seq` and the last creation second given out; neither ever decreases.
//! - `buckets`, `objects`: what is in OBS. `object_files` names the files in `objects/` that are an object's bytes, one
//!   after the other.
//! - `uploads`, `parts`: multipart uploads that are neither completed nor aborted, and the file of each part.
//!
//! # Invariants
//!
//! - `filters.packages` is the number of rows of `listing` with that `filter_id`, and is never 0.
//! - `objects.size` is the sum of the object's files, and every row of `parts` has its upload.
//! - Every row of `object_files` and `parts` has its file, complete and synced before the row is committed, and no file
//!   has two rows. At start names and sizes are compared, and one that does not fit is damage.
//! - A file in `objects/` without a row was left by a crash, or belongs to a newer database than the one that somebody
//!   copied back. The two cannot be told apart, so the next start moves it to `orphans/` and erases nothing.
//! - Every record has a checksum ([`sums`]), which is compared whenever it is read.
//! - Everything is checked before anything in the folder is changed.
//!
//! # Transactions
//!
//! One thread writes ([`writer`]). It takes every write that waits, runs them in one transaction, each in a savepoint of
//! its own or after all its checks, commits with `synchronous=FULL`, and only then answers them: one sync serves many. Readers have connections
//! of their own ([`readers`]) and see only what is committed.
//!
//! An object is replaced in this order: bytes into `incoming/`, sync, rename into `objects/`, sync of that folder, row
//! switched in a transaction, old files removed. A crash at any point leaves either the old object or the new one. A part
//! takes the same way. Completing an upload is one transaction, which makes the files of the parts those of the object:
//! no byte is copied or synced again.
//!
//! Files of an object that is gone stay while somebody reads them ([`leases`]).

mod bulk;
mod columns;
mod database;
mod digests;
mod files;
mod filters;
mod folder;
mod incoming;
mod inventory;
mod keys;
mod leases;
mod lock;
mod multipart;
mod objects;
mod obs;
mod packages;
mod reader;
mod readers;
mod record_id;
mod space;
mod sums;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::package::{NewPackage, Package};
use crate::rejection::Rejection;
use crate::rules::list::ListQuery;
use crate::rules::stored::Checks;
use crate::start_error::StartError;
pub(crate) use bulk::KnownPackage;
pub(crate) use digests::{Digests, Wanted};
pub(crate) use files::hex;
pub(crate) use incoming::{Incoming, Received};
use inventory::Inventory;
pub(crate) use inventory::Leftovers;
pub(crate) use keys::{KeyPage, KeyQuery, Last};
pub(crate) use multipart::UploadName;
pub(crate) use objects::{NewObject, Object};
use packages::Created;
pub(crate) use packages::Page;
pub(crate) use readers::most_connections as most_readers;
pub(crate) use record_id::RecordId;

/// How a store is opened.
#[derive(Debug)]
pub(crate) struct OpenOptions {
    pub(crate) folder: PathBuf,
    /// How long the folder was locked already, for the message when it still is.
    pub(crate) waited: Duration,
    /// Whether writes survive a power loss; off only for temporary folders.
    pub(crate) durable: bool,
    /// The bucket that exists from the start.
    pub(crate) bucket: &'static str,
    /// Most bytes of all objects and parts together, if there is a limit.
    pub(crate) limit_storage: Option<u64>,
}

/// Why the store did not do what it was asked.
#[derive(Clone, Debug)]
pub(crate) enum StoreError {
    /// A rule that depends on what is stored is broken.
    Rejected(Rejection),
    /// The emulator is stopping.
    Closed,
    /// There is no room for more bytes.
    Full(String),
    /// The database does not have what was written to it.
    Damaged(String),
    /// The database or a file could not be read or written.
    Failed(String),
}

impl StoreError {
    /// What a caller learns of damage, and what to do next.
    pub(crate) fn damage(what: &str) -> String {
        format!(
            "The data of the emulator is damaged: {what}. Stop it and move its data folder away, then put a copy of the \
             folder in its place or load a dump; POST /emulator/reset gives up everything that is stored"
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
        use rusqlite::ErrorCode::{DatabaseCorrupt, DiskFull, NotADatabase};
        let text = format!("the database failed: {error}");
        match (error.sqlite_error_code(), &error) {
            (Some(DiskFull), _) => Self::Full(text),
            // The program reads what it wrote, so a value that cannot be what it wrote is damage, too.
            (Some(DatabaseCorrupt | NotADatabase), _)
            | (_, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)) => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Failed(text),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        let text = format!("a file of the data folder failed: {error}");
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full(text),
            _ => Self::Failed(text),
        }
    }
}

/// The open store; cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Arc<dyn Clock>,
    /// The bucket that exists from the start and always.
    bucket: &'static str,
    writer: writer::Writer,
    readers: readers::Readers,
    files: files::Files,
    leases: leases::Leases,
    lock: lock::FolderLock,
}

impl Store {
    /// Opens the folder, and makes it when it is missing. Blocks.
    ///
    /// What a crash left in it is returned, to be cleared when nothing else can make the start fail.
    pub(crate) fn open(options: &OpenOptions, clock: Arc<dyn Clock>) -> Result<(Self, Leftovers), StartError> {
        let OpenOptions { folder: root, waited, durable, bucket, limit_storage } = options;
        folder::claim(root, *durable)?;
        let lock = lock::FolderLock::acquire(root, *waited)?;
        let inventory = Inventory::take(root)?;
        let found = database::find(root, inventory.has_objects())?;
        let needed = match &found {
            Some(path) => database::connect_inspector(path)
                .and_then(|connection| inventory::needed_files(&connection))
                .map_err(|error| StartError::database(path, &error))?,
            None => Vec::new(),
        };
        let space = space::Space::new(needed.iter().map(|needed| needed.size).sum(), *limit_storage);
        let leftovers = inventory.compare(&needed)?;

        // Everything was checked; only from here on something is made.
        folder::complete(root, *durable)?;
        let path = match found {
            Some(path) => path,
            None => database::create(root, *durable)?,
        };
        let failed = |error| StartError::database(&path, &error);
        let connection = database::connect(&path, *durable).map_err(failed)?;
        objects::add_bucket(&connection, bucket).map_err(failed)?;
        let store = Self {
            inner: Arc::new(Inner {
                files: files::Files::new(root, *durable, Arc::clone(&clock), space),
                leases: leases::Leases::default(),
                clock,
                bucket,
                writer: writer::Writer::start(connection).map_err(|source| StartError::folder(root, source))?,
                readers: readers::Readers::new(path),
                lock,
            }),
        };
        Ok((store, leftovers))
    }

    /// Writes down which addresses the holder of the folder answers at.
    pub(crate) fn announce(&self, addresses: &str) {
        self.inner.lock.announce(addresses);
    }

    /// Creates a package, if the rules that depend on what is stored allow it.
    pub(crate) async fn create_package(&self, new: NewPackage, checks: Checks) -> Result<Package, StoreError> {
        loop {
            let clock = Arc::clone(&self.inner.clock);
            let attempt = new.clone();
            let write = move |connection: &_| packages::create(connection, clock.as_ref(), attempt, checks);
            match self.inner.writer.run_checked(write).await? {
                Created::Package(package) => return Ok(*package),
                // A large object is read to its end here, and not by the one thread that writes.
                Created::NeedsSha256 => {
                    let location = new.obs_location.clone();
                    self.find_sha256(location.bucket_name, location.object_key).await?;
                }
            }
        }
    }

    /// One package with its location as it is shown, or nothing. Blocks, but not for long.
    pub(crate) fn show_package(&self, package_id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.readers.run_here(|connection| packages::show(connection, package_id))
    }

    /// One page of packages. Blocks, but not for long.
    pub(crate) fn list_packages(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.inner.readers.run_here(|connection| packages::list(connection, query))
    }

    /// Deletes a package; false when there is none.
    pub(crate) async fn delete_package(&self, package_id: String) -> Result<bool, StoreError> {
        self.inner.writer.run_checked(move |connection| packages::delete(connection, &package_id)).await
    }

    /// Finishes the writes that wait and closes the database; later calls fail with [`StoreError::Closed`]. Blocks.
    pub(crate) fn close(&self) {
        // The connection that closes last merges the write-ahead log, so that has to be the writer's.
        self.inner.readers.close();
        self.inner.writer.stop();
        self.inner.lock.release();
    }

    /// Most bytes that objects and parts may have together, if there is a limit.
    pub(crate) fn limit_storage(&self) -> Option<u64> {
        self.inner.files.space().most()
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.run(query).await
    }
}

/// Syncs a folder, so that files made, renamed or removed in it stay so after a power loss.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // Windows has no such call; its file system journals these changes itself.
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
