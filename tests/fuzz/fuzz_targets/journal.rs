//! The journal of an upload in parts.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iotda_ota::fuzz::journal(data));
