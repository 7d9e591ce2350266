//! The intake service: leads in, from any site or call tracker, over one URL per source (S1).
//!
//! A request to `/in/{token}` is read in memory first; then one transaction keeps it as it came,
//! the lead that it makes, and the event that asks the entity service for a client and an order.
//! An answer of 2xx means that all three are durable.
//!
//! `inbound` is the URL that senders call, `reading` makes a lead of what they send by the data of
//! their `preset`, `taking` writes it down; `api` holds what managers call: sources, leads, and the
//! journal of requests.

mod answer;
mod api;
pub mod audit;
mod config;
mod conversions;
mod domain;
mod erasing;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod inbound;
mod limits;
mod metrics;
mod openapi;
mod preset;
mod reading;
pub mod recovery;
mod retention;
mod routes;
mod service;
mod sources;
mod state;
mod store;
mod taking;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use config::IntakeConfig;
pub use service::{BuildError, Dependencies, Service};

/// The tables of this service; the tables of [`outbox`], [`idempotency`] and `revocation` belong
/// into the same database.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
