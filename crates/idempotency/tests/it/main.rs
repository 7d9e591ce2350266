//! Repeats, mismatches, races and expiry, on a database of each test's own.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod erasing;
mod expiry;
mod fixture;
mod repeat;
