//! Runs the binary `iotda-ota`: help, output and exit codes, as a user meets them.
//!
//! Every test works in folders of its own, and the binary gets an environment with nothing of the developer's in it.
//! `harness` starts it, `instance` is an emulator that checks who is calling, `stub` answers in place of a service,
//! `relay` stands in front of one, `store` looks into the OBS of an emulator.
//! Messages are snapshots; ports, ids, times and folders in them are replaced.

#![expect(clippy::unwrap_used, reason = "what helps a test fails like a test")]

mod answers;
mod auth;
mod blame;
mod buckets;
mod durability;
mod emulator;
mod emulator_limits;
mod federation;
mod harness;
mod help;
mod instance;
mod invalid;
mod killed;
mod manifest;
mod manifest_commands;
mod output;
mod packages;
mod profiles;
mod publish;
mod relay;
mod secrets;
mod signals;
mod sources;
mod store;
mod stub;
#[cfg(target_os = "linux")]
mod terminal;
mod together;
mod usage;
mod verbose;
mod verify;
