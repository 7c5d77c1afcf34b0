//! The manifest `ota.toml`: what is the same for every release of a firmware, in a file beside it.
//!
//! `types` says what it can hold, `read` makes it of a file and `check` applies the rules of the library to it;
//! `package` makes a request of it. `key_pattern` is the language of its object keys, `template` writes a new one, `place`
//! says where something stands.
//! How flags and a manifest come together is in `commands/package/release.rs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

mod check;
mod key_pattern;
mod package;
mod place;
mod read;
mod template;
mod types;

pub(crate) use check::problems;
pub(crate) use place::Place;
pub(crate) use read::Read;
pub(crate) use template::text;
pub(crate) use types::{KEYS, Manifest, schema};

/// What a manifest is called that is found without being named.
pub(crate) const FILE_NAME: &str = "ota.toml";

/// The manifest in the folder of a file, if there is one.
pub(crate) fn beside(file: &Path) -> Option<PathBuf> {
    let manifest = file.parent().map_or_else(|| PathBuf::from(FILE_NAME), |folder| folder.join(FILE_NAME));
    // Whatever it is: one that leads nowhere or cannot be read has to be reported and not passed over.
    match fs::symlink_metadata(&manifest) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
        _ => Some(manifest),
    }
}

#[cfg(test)]
mod tests;
