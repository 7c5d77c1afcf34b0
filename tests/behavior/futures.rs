//! Futures stay small: a large one is copied from frame to frame at every call, and makes a task of each caller large.

use std::mem::size_of_val;

use iotda_ota::{Client, ObsLocation, PackageType};

/// Unoptimized builds share less room among the branches of a future, so this is not what a user sees.
const MOST_BYTES: usize = 2048;

#[test]
fn calls_carry_nothing_that_is_seldom_needed() {
    let client = Client::builder().endpoint("http://127.0.0.1:9").project_id("fake-project").build().unwrap();
    let packages = client.packages();
    let location = ObsLocation::new("cn-north-4", "firmware", "upgrade.bin");
    let create = packages.create("app", "product", PackageType::Firmware, "1.0", location);
    let (list, show, delete) = (packages.list(PackageType::Firmware), packages.show("1"), packages.delete("1"));
    let sizes = [
        ("create", size_of_val(&create.send())),
        ("list", size_of_val(&list.send())),
        ("show", size_of_val(&show.send())),
        ("delete", size_of_val(&delete.send())),
    ];
    assert!(sizes.iter().all(|(_, size)| *size <= MOST_BYTES), "{sizes:?}");
}
