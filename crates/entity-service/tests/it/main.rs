//! The entity service as integrators meet it: over HTTP, on a database of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod app;
mod bodies;
mod clients;
mod concurrency;
mod contention;
mod conversion;
mod custom_fields;
mod directories;
mod erasing;
mod events;
mod faults;
mod histories;
mod idempotency;
mod isolation;
mod listing;
mod opening;
mod orders;
mod pipelines;
mod relaying;
mod replicas;
mod tasks;
mod tokens;
