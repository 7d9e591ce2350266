//! The intake service as senders and managers meet it: inbound URLs on one side, its API on the
//! other; database and broker real.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod conversions;
mod erasing;
mod inbound;
mod isolation;
mod leads;
mod openapi;
mod problems;
mod requests;
mod sources;
