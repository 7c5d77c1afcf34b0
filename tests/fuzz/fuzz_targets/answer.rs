//! An answer of IoTDA or OBS.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iotda_ota::fuzz::answer(data));
