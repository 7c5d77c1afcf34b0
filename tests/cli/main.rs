//! Runs the binary `iotda-ota`: help, output and exit codes, as a user meets them.
//!
//! Every test works in folders of its own, and the binary gets an environment with nothing of the developer's in it.
//! `harness` starts it, `stub` answers in place of a service. Messages are snapshots; ports, ids, times and folders in
//! them are replaced.

#![expect(clippy::unwrap_used, reason = "what helps a test fails like a test")]

mod answers;
mod credentials;
mod emulator;
mod harness;
mod help;
mod invalid;
mod output;
mod packages;
mod publish;
mod signals;
mod stub;
mod usage;
