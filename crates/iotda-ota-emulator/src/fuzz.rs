//! The entry of the fuzz target `request`; what it does is in `http/fuzz.rs`.

pub use crate::http::fuzz::request;
