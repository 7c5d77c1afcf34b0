//! A request that may be signed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| huaweicloud_signing::fuzz::signature(data));
