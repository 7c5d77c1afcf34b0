//! Which checksums of received bytes are computed: each costs as much as everything else together.

use md5::Md5;
use sha2::{Digest, Sha256};

/// The checksums that somebody will look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) md5: bool,
    pub(crate) sha256: bool,
}

/// The checksums that were computed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sha256: Option<[u8; 32]>,
}

/// Bytes so far.
pub(super) struct Hashers {
    md5: Option<Md5>,
    sha256: Option<Sha256>,
}

impl Hashers {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self { md5: wanted.md5.then(Md5::new), sha256: wanted.sha256.then(Sha256::new) }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    pub(super) fn finish(self) -> Digests {
        Digests {
            md5: self.md5.map(|md5| md5.finalize().into()),
            sha256: self.sha256.map(|sha256| sha256.finalize().into()),
        }
    }
}
