//! The exit codes of the command, and what each one means.

use iotda_ota::ErrorKind;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// Done.
    Done = 0,
    /// An unexpected fault, also a port or a folder that cannot be used.
    Fault = 1,
    /// Invalid input: wrong usage, a value that breaks a rule, a setting that is missing.
    Invalid = 2,
    /// Not authenticated or not permitted.
    Denied = 3,
    /// There is no such package, bucket or object.
    NotFound = 4,
    /// It exists already, and that was to be an error.
    AlreadyExists = 5,
    /// The service refused, or its answer cannot be understood.
    Rejected = 6,
    /// The service cannot be reached or failed; nothing is known to be done.
    Unavailable = 7,
    /// A package may or may not have been created or deleted, or it is deleted and its object is not: repeating the command
    /// is no way out.
    OutcomeUnknown = 8,
    /// What is stored or registered is not what it should be.
    Mismatch = 9,
    /// The terminal was closed while it was asked for a password.
    HungUp = 129,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
    /// Stopped by SIGQUIT while it was asked for a password.
    Quit = 131,
    /// Stopped by SIGTERM.
    Terminated = 143,
}

impl From<ErrorKind> for ExitCode {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Invalid | ErrorKind::Configuration => Self::Invalid,
            ErrorKind::Unauthenticated | ErrorKind::Denied => Self::Denied,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::Rejected | ErrorKind::Unintelligible | ErrorKind::InUse => Self::Rejected,
            ErrorKind::Unavailable => Self::Unavailable,
            ErrorKind::OutcomeUnknown | ErrorKind::Incomplete => Self::OutcomeUnknown,
            ErrorKind::Mismatch => Self::Mismatch,
            // Reading a local file failed, or a kind that a later library adds.
            _ => Self::Fault,
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}
