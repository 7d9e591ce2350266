//! One database surface over SQLite and PostgreSQL.
//!
//! Queries are written once: [`on_backend!`] expands one typed Diesel body on
//! both connection types. A unit of work is one closure that runs on the
//! database's own threads, never on the async runtime's, with no await inside.
//!
//! * [`Database::write`] runs a unit in one transaction. On SQLite there is one
//!   writer, which groups the units that wait into one commit: each in a
//!   savepoint of its own, nobody answered before the commit returned. When the
//!   commit fails, everything is taken as rolled back and each unit runs again
//!   alone; so a unit is an `FnMut` without effects outside the database.
//!   On PostgreSQL a unit that meets a deadlock or a serialization failure runs
//!   again, twice at most.
//! * [`Database::write_together`] is for small units that come in crowds. On PostgreSQL those that
//!   come while others are being written share the next transaction: one begin, one commit, one
//!   wait for the disk. Where one of them fails, all run again in savepoints; where a statement
//!   fails or a lock takes long, that unit and those after it run alone.
//! * [`Database::read`] runs a unit on one of the readers. All of it sees one moment.
//!
//! Units do not open transactions themselves.
//!
//! Tables that grow are parted by day on PostgreSQL: see [`partitions`]. How far tables are with
//! the ids that they give: [`identities`].

mod config;
mod connection;
mod database;
mod error;
mod halving;
pub mod identities;
mod migrations;
mod outage;
pub mod partitions;
mod postgres;
pub mod sessions;
mod sqlite;
mod statement;
mod unit;

pub use config::DatabaseConfig;
pub use connection::{Backend, Connection};
pub use database::Database;
pub use error::{DatabaseError, OpenError};
pub use halving::{Halved, write_halving};
pub use migrations::Migrations;
pub use outage::Outage;
pub use postgres::listen::Listener;
pub use sqlite::backup::back_up_sqlite;
pub use statement::{Bind, Statement, statement};
