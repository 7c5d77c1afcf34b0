//! No room for more bytes: what is refused then, and that nothing is half there.

use std::path::Path;

use http::Method;
use iotda_ota_emulator::Emulator;

use super::{is, refused};
use crate::client::Caller;

fn files(folder: &Path) -> [usize; 2] {
    ["incoming", "objects"].map(|name| std::fs::read_dir(folder.join(name)).unwrap().count())
}

#[tokio::test]
async fn uploads_beyond_the_limit_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().data_dir(folder.path()).limit_storage(300_000);
    let caller = Caller::of(builder.clone().start().await.unwrap());
    caller.upload("a.bin", b"old").await;
    let large = vec![1; 400_000];
    let put = caller.obs(Method::PUT, "a.bin", &[], large.clone()).await;
    assert_eq!(refused(put).await, is(403, "InsufficientStorageSpace"));
    let id = caller.create_upload("b.bin").await;
    let part = caller.part("b.bin", &id, "1", &[], large).await;
    assert_eq!(refused(part).await, is(403, "InsufficientStorageSpace"));
    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.text().await.unwrap(), "old");
    assert_eq!(files(folder.path()), [0, 1]);

    caller.put_part("b.bin", &id, 1, 250_000).await;
    let full = caller.obs(Method::PUT, "c.bin", &[], vec![1; 60_000]).await;
    assert_eq!(refused(full).await, is(403, "InsufficientStorageSpace"));
    caller.emulator.shutdown().await;

    // What is there counts after a restart, too, and no longer when it is given up.
    let caller = Caller::of(builder.start().await.unwrap());
    let full = caller.obs(Method::PUT, "c.bin", &[], vec![1; 60_000]).await;
    assert_eq!(refused(full).await, is(403, "InsufficientStorageSpace"));
    assert_eq!(caller.abort("b.bin", &id).await.status().as_u16(), 204);
    let put = caller.obs(Method::PUT, "c.bin", &[], vec![1; 60_000]).await;
    assert_eq!(put.status().as_u16(), 200);
}

/// A small file system of its own; nothing where the test may not mount one.
#[cfg(target_os = "linux")]
struct SmallDisk(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_told_from_other_failures_and_costs_no_object() {
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let folder = disk.0.path().join("data");
    let caller = Caller::of(Emulator::builder().data_dir(&folder).start().await.unwrap());
    caller.upload("a.bin", b"old").await;
    let large = vec![1; 8 << 20];
    let put = caller.obs(Method::PUT, "a.bin", &[], large.clone()).await;
    assert_eq!(refused(put).await, is(403, "InsufficientStorageSpace"));
    let id = caller.create_upload("b.bin").await;
    let part = caller.part("b.bin", &id, "1", &[], large).await;
    assert_eq!(refused(part).await, is(403, "InsufficientStorageSpace"));

    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.text().await.unwrap(), "old");
    assert_eq!(files(&folder), [0, 1]);
    caller.upload("a.bin", b"new").await;
    caller.emulator.shutdown().await;
    let caller = Caller::of(Emulator::builder().data_dir(&folder).start().await.unwrap());
    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.text().await.unwrap(), "new");
    caller.emulator.shutdown().await;
}
