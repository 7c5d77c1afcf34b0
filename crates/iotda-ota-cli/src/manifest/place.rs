//! Where in a file something stands.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// A place in a file, as editors and compilers write it. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The place of a byte of the text.
    pub(super) fn of(file: &Path, text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        // The mark of UTF-8 at the begin of a file is no character of it.
        let line_before = before[begin..].trim_start_matches('\u{feff}');
        Self {
            file: file.display().to_string(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: line_before.chars().count() + 1,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "\u{feff}a = 1\r\né = 'x'\n";
        let places = [(3, (1, 1)), (7, (1, 5)), (10, (2, 1)), (text.find('x').unwrap(), (2, 6)), (text.len(), (3, 1))];
        for (at, wanted) in places {
            let place = Place::of(Path::new("ota.toml"), text, at);
            assert_eq!((place.line, place.column), wanted, "{at}");
        }
        assert_eq!(Place::of(Path::new("ota.toml"), "a\nb", 2).to_string(), "ota.toml:2:1");
    }

    #[test]
    fn a_place_outside_or_inside_a_character_is_still_one() {
        for at in [1, 2, 99] {
            Place::of(Path::new("ota.toml"), "é\n", at);
        }
    }
}
