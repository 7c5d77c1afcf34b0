//! Fixtures: JSON files, in which a long text can be written as a repetition.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder that holds the fixtures.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The firmware file that the repository ships.
pub fn sample_firmware() -> PathBuf {
    folder().join("firmware/sample.bin")
}

/// Reads a fixture. Every `{"repeat": "ab", "times": 3}` in it becomes the text `ababab`.
///
/// # Panics
///
/// If the file cannot be read, is no JSON, or repeats something that is no text.
pub fn load(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    expand(&mut value);
    value
}

fn expand(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(expand),
        Value::Object(fields) => {
            if let (Some(unit), Some(times)) = (fields.get("repeat"), fields.get("times")) {
                let unit = unit.as_str().expect("what is repeated is a text");
                let times = times.as_u64().expect("times is a whole number");
                *value = Value::String(unit.repeat(usize::try_from(times).expect("the text fits into memory")));
            } else {
                fields.values_mut().for_each(expand);
            }
        }
        _ => {}
    }
}

/// The same JSON with its names in the order of the alphabet, whatever order a map has in this build.
pub fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> = fields.iter().collect();
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        plain => plain.clone(),
    }
}
