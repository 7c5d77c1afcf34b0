//! Profiles: sections `[profile.NAME]` of `config.toml` in the user's configuration folder.
//!
//! They hold everything that says where a command goes, and never secrets. The whole file is checked (in `check`), and
//! all that is wrong with it is reported at once, with line and column.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::folders;
use crate::failure::Problem;

mod check;

/// The longest file that is read; real ones have a few lines.
const LONGEST: u64 = 1 << 20;

/// The texts of one profile by their keys.
type Values = BTreeMap<String, Value>;

/// A text, and where it stands.
#[derive(Clone, Debug)]
struct Value {
    text: String,
    line: usize,
}

/// The settings of one profile.
#[derive(Debug, Default)]
pub(super) struct Profile {
    name: String,
    values: Values,
    file: PathBuf,
}

impl Profile {
    /// Reads the profile that `origin` names, a flag or a variable; nothing if there is none that can be read.
    pub(super) fn read(origin: &str, name: &str, problems: &mut Vec<Problem>) -> Option<Self> {
        let Some(file) = folders::config_file() else {
            let help = "you have no home folder, so there is no configuration folder to look into";
            problems.push(Problem::new(origin, "left out", name, help));
            return None;
        };
        let mut missing = |help: String| {
            problems.push(Problem::new(origin, format!("a profile of {}", file.display()), name, help));
        };
        let bytes = match bytes(&file) {
            Ok(bytes) => bytes,
            Err(error) => {
                missing(match error.kind() {
                    io::ErrorKind::NotFound => format!("there is no such file yet; begin it with [profile.{name}]"),
                    io::ErrorKind::IsADirectory => "it is a folder; put a file there instead".to_owned(),
                    _ => format!("the file cannot be read; the system says: {error}"),
                });
                return None;
            }
        };
        let (mut profiles, mut wrong) = check::parse(&bytes, &file);
        let found = profiles.remove(name);
        // What is wrong with the file may be the reason why the profile is not found.
        if found.is_none() && wrong.is_empty() {
            let known: Vec<_> = profiles.keys().map(String::as_str).collect();
            missing(match known.as_slice() {
                [] => "the file has no profiles; a section [profile.NAME] makes one".to_owned(),
                [one] => format!("the only one there is {one}"),
                several => format!("known are {}", several.join(", ")),
            });
        }
        problems.append(&mut wrong);
        Some(Self { name: name.to_owned(), values: found?, file })
    }

    /// The value of a key, and where it stands. An empty one counts as unset, as it does in the environment.
    pub(super) fn text(&self, key: &str) -> Option<(String, String)> {
        let value = self.values.get(key).filter(|value| !value.text.is_empty())?;
        let (name, file, line) = (&self.name, self.file.display(), value.line);
        Some((value.text.clone(), format!("{key} of profile {name}, {file} line {line}")))
    }

    /// The value of a key as a path, which is relative to the folder of the file.
    pub(super) fn path(&self, key: &str) -> Option<(PathBuf, String)> {
        let (text, origin) = self.text(key)?;
        let path = self.file.parent().map_or_else(|| PathBuf::from(&text), |folder| folder.join(&text));
        Some((path, origin))
    }
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Some systems open a folder as if it were a file, some say only that it may not be opened.
    if file.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let length = File::open(file)?.take(LONGEST + 1).read_to_end(&mut bytes)? as u64;
    if length > LONGEST {
        return Err(io::Error::other("the file is longer than 1 MiB"));
    }
    Ok(bytes)
}
