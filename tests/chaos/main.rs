//! Thousands of operations against an emulator with every fault on, checked against a model of what must exist.
//!
//! In `cargo test` they are some hundred. `cargo xtask chaos` runs them in full and prints the figures; it sets
//! `IOTDA_OTA_CHAOS`, the number of creates, and `IOTDA_OTA_BINARY`, the command whose emulator is killed. The seed is
//! printed when something is wrong, and `IOTDA_OTA_CHAOS_SEED` repeats it.

mod faults;
mod kill;
mod late;
mod load;
mod model;

use std::path::PathBuf;

use late::LateLoad;
use load::Load;

/// How many creates a plain test makes.
const SHORT: usize = 300;

/// How many creates a plain test makes of which some are carried out late, and by which part of them a full run makes
/// more: each waits for seconds.
const SHORT_LATE: usize = 64;
const PART_LATE: usize = 10;

/// How often the emulator is killed in full.
const KILLS: usize = 100;

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_every_outcome_is_reported_rightly() {
    let full: Option<usize> = variable("IOTDA_OTA_CHAOS");
    let load =
        Load { creates: full.unwrap_or(SHORT), callers: 32, seed: variable("IOTDA_OTA_CHAOS_SEED").unwrap_or(7) };
    let figures = load.run().await;
    figures.assert_right();
    if full.is_some() {
        figures.print();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_that_are_carried_out_late_leave_no_more_behind_than_is_documented() {
    let full: Option<usize> = variable("IOTDA_OTA_CHAOS");
    let creates = full.map_or(SHORT_LATE, |creates| creates / PART_LATE);
    let load = LateLoad { creates, callers: 32, seed: variable("IOTDA_OTA_CHAOS_SEED").unwrap_or(7) };
    let figures = load.run().await;
    figures.assert_right();
    if full.is_some() {
        figures.print();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost_when_the_emulator_is_killed() {
    // Where the command is, only the xtask and the cli suite know.
    let Some(binary) = variable::<PathBuf>("IOTDA_OTA_BINARY") else { return };
    let folder = tempfile::tempdir().unwrap();
    let figures = kill::rounds(&binary, folder.path(), KILLS).await;
    println!("kills               {KILLS}");
    println!("acknowledged        {}", figures.acknowledged);
    println!("lost                {}", figures.lost);
    assert_eq!(figures.lost, 0, "{figures:?}");
}
