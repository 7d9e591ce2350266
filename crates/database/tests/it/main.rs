//! The database surface, on SQLite always and on PostgreSQL when
//! `TEST_DATABASE_URL` names a server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod fixture;
mod group_commit;
mod halving;
mod opening;
mod partitions;
mod postgres;
mod schema;
mod statement;
mod together;
mod units;
