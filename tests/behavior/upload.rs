//! Upload of files into OBS: in one piece, in parts, over connections that break, and again after they did.
//!
//! `parts` is about the way a larger file takes, `faults` about requests that fail, `resume` about going on after an
//! upload was broken off, `left_behind` about what is cancelled in the bucket and what is not, `journal` about journals
//! that cannot be believed, `names` about addresses that change, and `files` about files that change.

mod faults;
mod files;
mod journal;
mod left_behind;
mod names;
mod parts;
mod resume;

use std::path::{Path, PathBuf};

use iotda_ota::{ClientBuilder, Obs, Upload};
use support::{Fault, Proxy, Received, Target, impatient, target};
use tempfile::TempDir;

use crate::{local_file, sha256};

/// The parts of these tests: small, so that there are many, and not too small for OBS.
const PART: usize = 128 * 1024;

/// Where the tests upload to.
const KEY: &str = "ota/upgrade.bin";

/// A target behind a proxy, a file of some parts, and a folder for journals.
struct Setup {
    target: Target,
    proxy: Proxy,
    content: Vec<u8>,
    path: PathBuf,
    journals: TempDir,
    _folder: TempDir,
}

impl Setup {
    /// A file of so many bytes, and a proxy that does this to requests.
    async fn new(size: usize, decide: impl Fn(&Received) -> Fault + Send + Sync + 'static) -> Self {
        let target = target().await;
        let proxy = Proxy::start(target.obs_endpoint(), decide).await;
        let content = content(size);
        let (folder, path) = local_file("upgrade.bin", &content);
        let journals = tempfile::tempdir().expect("there is room for a folder");
        Self { target, proxy, content, path, journals, _folder: folder }
    }

    fn builder(&self) -> ClientBuilder {
        self.target.builder().obs_endpoint(self.proxy.endpoint()).retry(impatient())
    }

    fn obs(&self) -> Obs {
        self.builder().build().expect("the settings are valid").obs().expect("there is an address")
    }

    /// An upload in parts, with a journal, by way of the proxy.
    fn upload(&self) -> Upload {
        self.upload_by(&self.obs())
    }

    fn upload_by(&self, obs: &Obs) -> Upload {
        let upload = obs.upload(self.target.bucket(), KEY, &self.path);
        upload.part_size(PART as u64).journal_dir(self.journals.path())
    }

    /// Uploads again without faults, which has to succeed. From then on the proxy knows only of that.
    async fn again(&self) {
        self.proxy.turn(|_| Fault::None);
        let uploaded = self.upload().send().await.expect("the upload succeeds");
        assert_eq!(Some(uploaded.checksum.to_string()), self.expected());
        assert_eq!(self.stored().await, self.expected());
        assert_eq!(self.left(), 0);
    }

    /// How many parts were sent.
    fn sent(&self) -> usize {
        self.proxy.count("PUT", "partNumber=")
    }

    /// How many uploads were given up.
    fn given_up(&self) -> usize {
        self.proxy.count("DELETE", "uploadId=")
    }

    /// The SHA-256 of what is stored, or `None` if there is nothing.
    async fn stored(&self) -> Option<String> {
        let obs = self.target.client().obs().expect("there is an address");
        match obs.checksum(self.target.bucket(), KEY).await {
            Ok(checksum) => Some(checksum.to_string()),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The SHA-256 that has to be stored.
    fn expected(&self) -> Option<String> {
        Some(sha256(&self.content))
    }

    fn parts(&self) -> usize {
        self.content.len().div_ceil(PART)
    }

    /// The files that are left in the folder for journals.
    fn left(&self) -> usize {
        files(self.journals.path()).len()
    }
}

/// Bytes that differ from part to part.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at / 7 % 251) as u8).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder exists");
    entries.map(|entry| entry.expect("it can be read").path()).collect()
}

/// True for a part on its way.
fn is_part(request: &Received) -> bool {
    request.is("PUT", "partNumber=")
}

/// Multipart uploads that were begun, and that were completed or given up, as far as the requests tell.
fn begun_and_ended(proxy: &Proxy) -> (usize, usize) {
    let ended = proxy.count("POST", "uploadId=") + proxy.count("DELETE", "uploadId=");
    (proxy.count("POST", "?uploads"), ended)
}
