//! The emulator of the command keeps what it acknowledged, however it ends. In full: `cargo xtask chaos`.

use std::path::Path;

use crate::harness::Home;

#[path = "../chaos/kill.rs"]
mod kill;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_when_the_emulator_is_killed() {
    let home = Home::new();
    let figures = kill::rounds(Path::new(env!("CARGO_BIN_EXE_iotda-ota")), &home.path("."), 3).await;
    assert_eq!(figures.lost, 0, "{figures:?}");
    assert!(figures.acknowledged > 0);
}
