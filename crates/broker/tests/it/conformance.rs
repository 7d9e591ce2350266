//! One suite for all brokers: each test runs on every [`crate::fixture::Fixture`] it applies to.

mod backpressure;
mod batches;
mod closing;
mod competition;
mod confirmation;
mod declaring;
mod redelivery;
mod routing;
mod schedule;
