//! A URL that somebody saves, and the addresses behind it: `scripts/fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| delivery_worker::fuzzing::judge_url(input));
