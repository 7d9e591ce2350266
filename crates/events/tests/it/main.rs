//! The event contract from outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arbitrary;
mod bad_bytes;
mod blanking;
mod changed;
mod envelopes;
mod evolution;
mod recorded;
mod round_trip;
mod sample;
mod wire;
