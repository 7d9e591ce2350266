//! The types that prost generates from `proto-schemas/`; private to this crate.
#![expect(clippy::all, unreachable_pub, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/dealwire.events.v1.rs"));
