//! Everything that the emulator keeps, as one file: writing it and reading it.
//!
//! - [`dump`] writes the file, [`load`] checks one from end to end and then reads it;
//! - [`line`] is the form of the file, which the README describes: JSON, one value a line, so that it can be written by
//!   hand, compared, and streamed whatever its size;
//! - [`objects`] is all that these know of how objects are kept.

pub(crate) mod dump;
mod line;
pub(crate) mod load;
mod objects;

use crate::store::StoreError;

/// What a file had in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Loaded {
    /// How many packages.
    pub packages: u64,
    /// How many objects in OBS.
    pub objects: u64,
}

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A line of the file is not what it should be. Nothing was changed.
    #[error("line {line}: {problem}")]
    Line {
        /// Which line, counted from one.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The file, or a file of the data folder, cannot be read or written.
    #[error("the file cannot be read or written")]
    File(#[source] std::io::Error),
    /// The database failed, or the emulator is stopping.
    #[error("{0}")]
    Store(String),
    /// Every line of the file was good, and yet not all of it could be stored. What was stored before is gone.
    #[error("the file could not be loaded to its end: what was stored before is gone, and {left}")]
    Interrupted {
        /// What is stored now.
        left: &'static str,
        /// Why it could not be stored.
        source: Box<StateError>,
    },
}

impl StateError {
    fn line(line: u64, problem: impl Into<String>) -> Self {
        Self::Line { line, problem: problem.into() }
    }
}

impl From<std::io::Error> for StateError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        Self::Store(match error {
            StoreError::Rejected(rejection) => rejection.message,
            StoreError::Closed => "the emulator is stopping".to_owned(),
            StoreError::Damaged(what) => StoreError::damage(&what),
            StoreError::Full(error) | StoreError::Failed(error) => error,
        })
    }
}
