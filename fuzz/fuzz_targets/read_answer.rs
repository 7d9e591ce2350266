//! What a receiver answers, from its bytes to an outcome: `scripts/fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| delivery_worker::fuzzing::read_answer(input));
