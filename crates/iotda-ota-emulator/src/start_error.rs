//! Why an emulator did not start.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::state::StateError;

/// Why [`Builder::start`](crate::Builder::start) failed.
///
/// Every message names the address, folder, file or flag, and says what to do. No data that was in the data folder before has
/// been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another program listens at the address.
    #[error(
        "the address {address} for {purpose} is in use; stop the program that listens there, or choose another address \
         with {flag} (port 0 takes any free one)"
    )]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
        /// What it is for: `IoTDA` or `OBS`.
        purpose: &'static str,
        /// The flag of the command line that changes it.
        flag: &'static str,
    },

    /// The address cannot be listened at, for another reason.
    #[error("cannot listen at {address} for {purpose}; choose another address with {flag}")]
    Address {
        /// The address that was asked for.
        address: SocketAddr,
        /// What it is for: `IoTDA` or `OBS`.
        purpose: &'static str,
        /// The flag of the command line that changes it.
        flag: &'static str,
        /// What the operating system says.
        source: io::Error,
    },

    /// A limit is none that can be kept to.
    #[error("{flag} cannot be {value}; it has to be {rule}")]
    Limit {
        /// The flag of the command line that sets it.
        flag: &'static str,
        /// The limit that was asked for.
        value: usize,
        /// What it has to be, and why.
        rule: &'static str,
    },

    /// The file of identities cannot be read.
    #[error(
        "cannot read the identities in {}; check that the file is there and may be read, or leave --identities away to have \
         one user, access key and project",
        file.display()
    )]
    IdentitiesFile {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// The file of identities has a mistake in it.
    #[error(
        "the identities in {}, line {line}: {problem}; correct the line, or leave --identities away to have one user, access \
         key and project",
        file.display()
    )]
    Identities {
        /// The file.
        file: PathBuf,
        /// Where the mistake is, counted from one.
        line: usize,
        /// What is wrong.
        problem: String,
    },

    /// The data folder, or a file in it, cannot be created, read or written.
    #[error(
        "cannot use {} for the emulator's data; check that it can be created and written, or choose another folder \
         (--data-dir; for --emulator: --emulator-dir)",
        folder.display()
    )]
    Folder {
        /// The folder, or the file in it.
        folder: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// The folder has something in it that is not an emulator's.
    #[error(
        "the folder {} does not belong to an emulator alone: {} {problem}; nothing in it was changed; choose an empty or \
         missing folder (--data-dir; for --emulator: --emulator-dir)",
        folder.display(),
        entry.display()
    )]
    ForeignFolder {
        /// The data folder.
        folder: PathBuf,
        /// The file or folder in it that is not an emulator's.
        entry: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// Another emulator uses the folder.
    #[error(
        "the data folder {} is still in use by {holder} after waiting {:.1} s; stop that emulator, or choose \
         another folder (--data-dir; for --emulator: --emulator-dir)",
        folder.display(),
        waited.as_secs_f32()
    )]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// Process id and addresses of the emulator that uses it, as it wrote them down.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },

    /// The database is damaged, or an object has lost its file.
    #[error(
        "the emulator's data is damaged: {}: {problem}; it was left as it is; move its folder away, or choose another \
         one (--data-dir; for --emulator: --emulator-dir)",
        file.display()
    )]
    Damaged {
        /// The file: the database, or that of an object.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// The file to begin with cannot be loaded.
    #[error("cannot load {}; correct or replace the file, or leave --load away to begin with nothing", file.display())]
    Load {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: StateError,
    },

    /// The data folder has packages, objects, uploads or buckets, which the file to begin with would replace.
    #[error(
        "cannot load {}: the data folder has packages, objects or buckets already; leave --load away to go on with these, choose an \
         empty folder (--data-dir), or use --in-memory",
        file.display()
    )]
    NotEmpty {
        /// The file.
        file: PathBuf,
    },

    /// A newer program made the data.
    #[error(
        "the database {} has schema version {found} and this program knows versions up to {known}; use the newer \
         program that made it, or choose another folder (--data-dir; for --emulator: --emulator-dir)",
        file.display()
    )]
    NewerData {
        /// The database file.
        file: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest schema version this program knows.
        known: u32,
    },
}

/// Short ways to make one.
impl StartError {
    pub(crate) fn address(address: SocketAddr, purpose: &'static str, flag: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::AddrInUse {
            return Self::AddressInUse { address, purpose, flag };
        }
        Self::Address { address, purpose, flag, source }
    }

    pub(crate) fn identities_file(file: &Path, source: io::Error) -> Self {
        Self::IdentitiesFile { file: file.to_owned(), source }
    }

    pub(crate) fn identities(file: &Path, line: usize, problem: String) -> Self {
        Self::Identities { file: file.to_owned(), line, problem }
    }

    pub(crate) fn folder(folder: &Path, source: io::Error) -> Self {
        Self::Folder { folder: folder.to_owned(), source }
    }

    pub(crate) fn foreign(folder: &Path, entry: &Path, problem: &'static str) -> Self {
        Self::ForeignFolder { folder: folder.to_owned(), entry: entry.to_owned(), problem }
    }

    pub(crate) fn locked(folder: &Path, waited: Duration, holder: &str) -> Self {
        let holder = if holder.is_empty() { "another emulator" } else { holder };
        Self::Locked { folder: folder.to_owned(), holder: holder.to_owned(), waited }
    }

    pub(crate) fn damaged(file: &Path, problem: &dyn Display) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.to_string() }
    }

    /// What SQLite says about the database: that the file cannot be used, or else that it is damaged.
    pub(crate) fn database(file: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly};
        match error.sqlite_error_code() {
            Some(CannotOpen | DiskFull | PermissionDenied | ReadOnly) => {
                Self::folder(file, io::Error::other(error.to_string()))
            }
            _ => Self::damaged(file, error),
        }
    }

    pub(crate) fn load(file: &Path, source: StateError) -> Self {
        Self::Load { file: file.to_owned(), source }
    }

    pub(crate) fn newer(file: &Path, found: u32, known: u32) -> Self {
        Self::NewerData { file: file.to_owned(), found, known }
    }
}
