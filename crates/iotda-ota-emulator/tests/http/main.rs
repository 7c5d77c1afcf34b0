//! The emulator as a client sees it: both ports over HTTP, start and stop, what survives a crash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod create;
mod durability;
mod faults;
mod faults_control;
mod folder;
mod iam;
mod identities;
mod list;
mod obs;
mod protocol;
mod raw;
mod signed;
mod signing;
mod start;
mod strict;
mod temporary;
