//! The transactional outbox and its counterparts.
//!
//! A service writes each event into its own database, in the transaction of the
//! change itself ([`append()`], [`append_all()`]). The [`Relay`] numbers the events without gaps,
//! publishes them in that order, and moves one cursor to the lowest contiguous
//! confirmation: what was not confirmed is published again. Consumers know a
//! repeat by the event id ([`inbox`]), and keep what they cannot take in
//! ([`parked`]) instead of losing it, until somebody wants it tried again ([`redrive`]). Published events stay
//! as the account's feed ([`feed`]) for a time ([`retention`]), or until a person asks to be
//! forgotten ([`erasure`]). After a backup was restored, [`recovery`] goes on from it.
//!
//! An event is never published before its change is durable, and the
//! cursor never passes an event that no consumer has taken over.

mod append;
pub mod audit;
mod consume;
pub mod erasure;
pub mod feed;
mod gauges;
pub mod inbox;
mod numbering;
pub mod parked;
pub mod queue;
pub mod recovery;
pub mod redrive;
mod relay;
pub mod retention;
mod schema;
mod state;
mod topology;
mod waker;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use append::{append, append_all};
pub use consume::{QueueConsumer, TakeIn};
pub use gauges::{BacklogGauges, GaugeNames};
pub use relay::{Relay, RelayConfig, RelayError};
pub use state::{Backlog, RewindError, backlog, check, rewind};
pub use topology::topology;
pub use waker::Waker;

/// The tables of this crate, in the database of each service that uses it.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
