//! The entity service: orders, tasks and clients, and what they refer to.
//!
//! It owns the records of each account. A change is one transaction: the row is
//! locked, written with the next revision, and its event goes into the outbox
//! beside it; the relay carries the event to the broker after the commit. So an
//! answer of 2xx means that the change and its event are both durable, and no
//! event exists without its change (DESIGN 6).
//!
//! Inside, names are plain English (`stage_id`); on the wire they are those of
//! WIRE 1 and 5 (`id_status`). `api` reads and writes the wire, `domain` holds
//! the rules, `store` the queries.

mod admin;
mod api;
mod config;
mod conversion;
mod domain;
mod erasure;
mod openapi;
mod records;
pub mod recovery;
mod revocation;
mod routes;
mod service;
mod state;
mod store;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use admin::{
    AdminError, IssuedToken, TokenRequest, create_account, ensure_first_account, issue_token,
};
pub use config::{EntityConfig, RelaySwitch};
pub use service::{BuildError, Dependencies, Service};

/// The tables of this service; the tables of [`outbox`] and [`idempotency`] belong into the same
/// database.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
