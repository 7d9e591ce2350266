//! A condition that somebody saves, from its JSON to what it says of records: `scripts/fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| delivery_worker::fuzzing::read_condition(input));
