//! Revoked tokens: kept, and refused from the moment the event arrives.
//!
//! For a service that issues no tokens itself. Each such service has a queue of
//! `token.revoked` of its own, which gives an event to one replica only; the
//! others find it in the table that they share. That makes a revocation
//! effective in all of them within seconds (DESIGN 9), and after a restart.
//!
//! [`Revocation::start`] before the first request is served, then
//! [`Revocation::run`] for as long as requests are.

mod consume;
mod revocation;
mod schema;
mod store;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use revocation::Revocation;
pub use store::{RevokedToken, list_all, remember};

/// The table of this crate, in the database of each service that uses it. Where
/// the service's own migrations make that table too, as the delivery worker's
/// do, these belong behind them.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
