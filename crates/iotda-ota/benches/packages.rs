//! What the library itself adds to a call and to an upload, where a regression would hide: checking a create, parsing a page
//! of fifty packages, and hashing.
//!
//! `cargo bench -p iotda-ota`. Whole calls and uploads are measured by `cargo xtask bench`.

use std::io::Write as _;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use iotda_ota::{Client, CreatePackage, LocalFile, ObsLocation, PackagePage, PackageType};
use iotda_ota_client::types::OtaPackageList;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The size of a body that is signed, and that of a part of an upload.
const SIZES: [usize; 2] = [4 * 1024, 8 * 1024 * 1024];

fn main() {
    divan::main();
}

fn create() -> CreatePackage {
    let client = Client::builder()
        .endpoint("http://127.0.0.1:9")
        .project_id("0123456789abcdef0123456789abcdef")
        .token("fake-token")
        .build()
        .expect("a client");
    let location = ObsLocation::new("cn-north-4", "firmware", "sensors/v1.0/upgrade.bin").sign("ab".repeat(32));
    client
        .packages()
        .create("61bd7bdf06b54bb0a06b0d1b5a1b4c11", "5ba24f5ebbe8f56f5a14f605", PackageType::Firmware, "v1.0", location)
        .support_source_versions((0..20).map(|version| format!("v0.{version}")))
        .description("repairs the clock")
        .custom_info("x".repeat(1024))
}

/// One of fifty, as the service answers it.
fn package(number: usize) -> Value {
    json!({
        "package_id": format!("{number:032x}"),
        "app_id": "61bd7bdf06b54bb0a06b0d1b5a1b4c11",
        "product_id": "5ba24f5ebbe8f56f5a14f605",
        "product_name": "Thermometer",
        "package_type": "firmwarePackage",
        "version": format!("v1.{number}"),
        "support_source_versions": ["v0.8", "v0.9"],
        "description": "repairs the clock",
        "create_time": "20230211T121212Z",
    })
}

fn packages() -> Vec<Value> {
    (0..50).map(package).collect()
}

/// All documented rules, with twenty source versions.
#[divan::bench]
fn validate_a_create(bencher: Bencher<'_, '_>) {
    let create = create();
    bencher.bench(|| black_box(&create).validate().expect("a valid create"));
}

/// As it comes from the wire, into the types of the document: the first of the two steps of a list.
#[divan::bench]
fn parse_a_page_of_fifty_from_the_wire(bencher: Bencher<'_, '_>) {
    let page = json!({ "packages": packages(), "page": { "count": 50, "marker": "5c8f3d2d3df1f10d803adbda" } });
    let page = page.to_string();
    bencher
        .counter(BytesCount::of_str(&page))
        .bench(|| serde_json::from_str::<OtaPackageList>(black_box(&page)).expect("a page"));
}

/// As the library and its users keep a page.
#[divan::bench]
fn parse_a_page_of_fifty_of_ours(bencher: Bencher<'_, '_>) {
    let page = json!({ "packages": packages(), "count": 50, "marker": "5c8f3d2d3df1f10d803adbda" }).to_string();
    bencher
        .counter(BytesCount::of_str(&page))
        .bench(|| serde_json::from_str::<PackagePage>(black_box(&page)).expect("a page"));
}

/// The implementation alone.
#[divan::bench(args = SIZES)]
fn sha256_in_memory(bencher: Bencher<'_, '_>, size: usize) {
    let bytes = vec![b'x'; size];
    bencher.counter(BytesCount::new(size)).bench(|| Sha256::digest(black_box(&bytes)));
}

/// A file, which is opened, read in blocks on a thread of its own, and compared with its state before.
#[divan::bench(args = SIZES)]
fn sha256_of_a_file(bencher: Bencher<'_, '_>, size: usize) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&vec![b'x'; size]).expect("room for it");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let read = || runtime.block_on(LocalFile::read(black_box(file.path()))).expect("a readable file");
    bencher.counter(BytesCount::new(size)).bench_local(read);
}
