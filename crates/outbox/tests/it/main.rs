//! The outbox, its relay and the consumers' side, end to end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod append;
mod erasing;
mod feed;
mod fixture;
mod inbox;
mod redrive;
mod relay;
mod replicas;
mod retention;
mod trouble;
