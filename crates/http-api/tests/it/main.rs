//! The whole application: without a socket where that is enough, over loopback where it is not.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in a test a panic is the report"
)]

mod access;
mod app;
mod bodies;
mod health;
mod problems;
mod socket;
