//! The emulator as a client sees it: both ports over HTTP, start and stop, what survives a crash.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod create;
mod damage;
mod durability;
mod faults;
mod faults_bodies;
mod faults_connections;
mod faults_control;
mod folder;
mod iam;
mod identities;
mod kill;
mod limits;
mod list;
mod obs;
mod protocol;
mod raw;
mod requests;
mod security;
mod signed;
mod signing;
mod start;
mod state;
mod strict;
mod temporary;
