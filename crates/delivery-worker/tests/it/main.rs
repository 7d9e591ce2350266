//! The delivery worker as integrators meet it: its API on one side, callbacks on the other; broker
//! and database real, receivers mocked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod deliveries;
mod delivering;
mod explain;
mod isolation;
mod moves;
mod openapi;
mod replays;
mod samples;
mod triggers;
mod webhooks;
