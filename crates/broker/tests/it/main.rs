//! What every broker promises, checked through the public surface alone.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod conformance;
mod fixture;
mod rabbitmq;
