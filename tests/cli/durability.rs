//! The emulator of the command keeps what it acknowledged, however it ends. In full: `cargo xtask chaos`.

use std::path::Path;

use iotda_ota::ObsLocation;

use crate::harness::Home;

const BINARY: &str = env!("CARGO_BIN_EXE_iotda-ota");

#[path = "../chaos/kill.rs"]
mod kill;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_when_the_emulator_is_killed() {
    let home = Home::new();
    let figures = kill::rounds(Path::new(BINARY), &home.path("."), 3).await;
    assert_eq!(figures.lost, 0, "{figures:?}");
    assert!(figures.acknowledged > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[should_panic(expected = "0 of 20 were made")]
async fn creates_that_fail_before_the_kill_fail_the_test_and_do_not_hang_it() {
    let home = Home::new();
    let mut running = kill::Running::start(Path::new(BINARY), &home.path("."));
    // There is no such object, so every create is refused.
    running.load(0, &ObsLocation::new("test-region-1", "test-bucket", "missing.bin"), 20).await;
}
