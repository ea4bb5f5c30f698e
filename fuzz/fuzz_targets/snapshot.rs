#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| lvs_fuzz::snapshot(octets));
