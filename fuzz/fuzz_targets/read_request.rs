//! A stranger's request, from its bytes to a lead: `scripts/fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| intake_service::fuzzing::read_request(input));
