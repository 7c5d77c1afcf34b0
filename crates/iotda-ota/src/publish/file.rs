//! Checks of the local file, before anything of it is read.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use crate::obs::Source;
use crate::validate::{Violations, Warning, rules};

/// The documented limit of 1 GB. Which of the two readings the service takes is not verified; this is the larger.
const LARGEST: u64 = 1 << 30;

/// The smaller reading of 1 GB, above which a warning is due.
const SURELY_ALLOWED: u64 = 1_000_000_000;

const FIELD: &str = "file";

/// What the path leads to.
enum Found {
    File(Source),
    Folder,
    /// A pipe or a device, which is not opened, because that would wait.
    Other,
}

/// Opens a file, or reports what makes it impossible to publish; `limited` says whether its size is limited. Whoever reads
/// from what was opened reads the file that was judged, or finds out that it changed.
pub(crate) fn open(path: &Path, limited: bool, violations: &mut Violations) -> Option<Source> {
    let shown = format!("{path:?}");
    let source = match look(path) {
        Ok(Found::File(source)) => source,
        Ok(Found::Folder) => {
            let help = "name the firmware file inside it";
            violations.add_described(FIELD, "a file", format!("the folder {shown}"), help);
            return None;
        }
        Ok(Found::Other) => {
            let help = "write the data into a file first: what is sent may have to be read again";
            violations.add_described(FIELD, "a regular file", shown, help);
            return None;
        }
        Err(error) => {
            let (rule, help) = match error.kind() {
                ErrorKind::NotFound => {
                    ("an existing file", "check the path; it is taken from the current folder".to_owned())
                }
                ErrorKind::PermissionDenied => ("readable", "give yourself permission to read it".to_owned()),
                _ => ("readable", format!("the system says: {error}")),
            };
            violations.add_described(FIELD, rule, shown, help);
            return None;
        }
    };
    let size = source.size();
    if size == 0 {
        let help = "check the build that should have written it";
        violations.add_described(FIELD, "a file that is not empty", format!("{shown} with 0 bytes"), help);
    } else if limited && size > LARGEST {
        let value = format!("{shown} with {size} bytes");
        let help = "make the package smaller; newer service texts do not state this rule, so it can be switched off (--allow size)";
        violations.add_described(FIELD, "at most 1 GB (2^30 bytes)", value, help);
    }
    Some(source)
}

/// Reports a name of which no object key can be made; `suffix` says whether the listed suffixes are required.
pub(super) fn check_name(path: &Path, suffix: bool, violations: &mut Violations) {
    let shown = format!("{path:?}");
    match path.file_name().and_then(|name| name.to_str()) {
        None => {
            let help = "rename the file, or give the object key";
            violations.add_described(FIELD, "named in UTF-8, because the object key is made of it", shown, help);
        }
        Some(name) if suffix && !rules::has_suffix(name) => {
            let rule = format!("a file whose name ends in one of {}", rules::SUFFIXES.join(" "));
            let help = "rename the file, or give an object key; newer service texts do not state this rule, so it can be \
                        switched off (--allow suffix)";
            violations.add_described(FIELD, &rule, shown, help);
        }
        Some(_) => {}
    }
}

/// Warns of a size that only the larger reading of the limit allows.
pub(super) fn warning(size: u64) -> Option<Warning> {
    (size > SURELY_ALLOWED).then(|| {
        let message =
            format!("has {size} bytes; the limit of 1 GB may mean 10^9 bytes at the service, which is not verified");
        Warning::new(FIELD, message)
    })
}

fn look(path: &Path) -> std::io::Result<Found> {
    let metadata = fs::metadata(path)?;
    Ok(match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Found::File(Source::of(path, File::open(path)?)?),
        (false, true) => Found::Folder,
        (false, false) => Found::Other,
    })
}
