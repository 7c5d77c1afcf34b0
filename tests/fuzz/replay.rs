//! Replays what was saved for a fuzz target, in the tests of the crate that the target is about.

use std::fs;
use std::path::Path;

/// Gives every file of a target's corpus to the target.
pub(crate) fn corpus(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Shown when the test fails.
        eprintln!("{}", path.display());
        run(&fs::read(&path).unwrap());
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
}
