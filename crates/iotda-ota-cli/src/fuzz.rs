//! The entry of the fuzz target `manifest`, which the tests call with its saved inputs.

#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

use std::path::Path;
use std::sync::LazyLock;

use iotda_ota::Client;

use crate::{manifest, target};

/// Making one takes longer than all the rest.
static CLIENT: LazyLock<Client> = LazyLock::new(|| target::stand_in().expect("a client that sends nothing"));

/// Reads a manifest and checks it; what is right in it survives being written and read again.
pub(crate) fn manifest(data: &[u8]) {
    let read = manifest::Read::bytes(Path::new("ota.toml"), data);
    let problems = manifest::problems(&read, &CLIENT);
    assert!(problems.iter().all(|problem| problem.at.is_some()), "{problems:?}");
    if read.problems.is_empty() {
        let again = manifest::Read::bytes(Path::new("ota.toml"), manifest::text(&read.manifest).as_bytes());
        assert_eq!(again.problems, []);
        assert_eq!(again.manifest, read.manifest);
    }
}

#[cfg(test)]
#[test]
fn the_corpus_is_survived() {
    replay::corpus("manifest", manifest);
}
