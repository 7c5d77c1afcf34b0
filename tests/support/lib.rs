//! What the suites share: a target to speak to, a stub that answers whatever a test wants, and fixtures. No assertions.
//!
//! - [`target()`] starts what the behavior suite runs against, and a [`Target`] makes clients for it.
//! - [`Stub`] keeps every request it receives and answers with an [`Answer`].
//! - [`Relay`] stands before a target and changes what goes through.
//! - [`Proxy`] stands between a client and a target, and does to single requests what networks do.
//! - [`fixture`](mod@fixture) reads the JSON files of `tests/fixtures`, [`call`] makes the calls that they describe.

pub mod call;
pub mod fixture;
mod proxy;
mod relay;
mod stub;
mod target;

pub use iotda_ota_emulator::Refusal;
pub use proxy::{Fault, Proxy};
pub use relay::Relay;
pub use stub::{Answer, LIMIT, Received, Stub, impatient};
pub use target::{
    Target, dedicated_target, refusing_target, shared_target, strict_target, target, target_at, target_that_remembers,
    target_with_metadata, target_without_objects,
};

/// The examples of the README at the top, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
