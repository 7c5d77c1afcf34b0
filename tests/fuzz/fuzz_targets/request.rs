//! What comes in on a connection of the emulator.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iotda_ota_emulator::fuzz::request(data));
