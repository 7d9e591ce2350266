//! A message from the broker, from its bytes to bodies: `scripts/fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| delivery_worker::fuzzing::take_event(input));
