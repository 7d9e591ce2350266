//! Runs the program as a user does: as a process of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking, its helpers included"
)]

mod collector;
mod healthcheck;
mod keys;
mod listen;
mod process;
mod raw_http;
mod roles;
mod up;
