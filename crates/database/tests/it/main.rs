//! The database surface, on SQLite always and on PostgreSQL when
//! `TEST_DATABASE_URL` names a server.

mod fixture;
mod group_commit;
mod halving;
mod schema;
mod units;
