//! What the library does, against a backend that keeps state: cases per operation and per kind of error.
//!
//! The backend is what [`support::target()`] makes; every case has one of its own. `rules` plays the fixtures of the
//! wire suite to it, so that the library's reading of each rule meets another one. `errors` and `connections` use a
//! stub, because no backend answers such things when asked; `hints` puts a relay between, which changes what goes through.

mod auth;
mod cancel;
mod connections;
mod create_once;
mod errors;
mod futures;
mod hints;
mod hostile;
mod identity;
mod obs;
mod package_create;
mod package_delete;
mod package_list;
mod package_show;
mod publish;
mod renewal;
mod repeat;
mod rules;
mod secrets;
mod upload;
mod verify;

use std::path::PathBuf;

use iotda_ota::{CreatePackage, ObsLocation, PackageType};
use sha2::{Digest, Sha256};
use support::Target;
use tempfile::TempDir;

/// A local file of this content, which goes with the folder.
fn local_file(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("the file can be written");
    (folder, path)
}

/// The SHA-256 of these bytes, computed without the library.
fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts a small object into the target's bucket.
async fn object(target: &Target, key: &str) -> ObsLocation {
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    target.upload(key, &path).await
}

/// A request for a firmware package of this version.
fn firmware(target: &Target, version: &str, location: &ObsLocation) -> CreatePackage {
    target.client().packages().create("my-app", "my-product", PackageType::Firmware, version, location.clone())
}
