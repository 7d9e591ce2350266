//! Repeating a POST without doing it twice.
//!
//! A client that did not hear an answer sends the request again with the same `Idempotency-Key`. The
//! answer is stored in the transaction that makes the record, so either both are there or neither
//! is: a repeat gets the stored answer, byte for byte. Answers are kept for 24 hours.
//!
//! A handler needs one call: it takes an [`Idempotency`] from the request and gives its unit of work
//! to [`Idempotency::run`]. Requests without the header pass straight through.
//!
//! Answers that speak of a person who asked to be forgotten go ([`forget_answers`]); a repeat is then
//! told so with 409, and still does nothing twice.

mod answer;
mod erasure;
mod expiry;
mod schema;
mod store;
mod unit;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use answer::Answer;
pub use erasure::{FoundAnswers, find_answers, forget_answers};
pub use expiry::{RETENTION, delete_expired, run_expiry};
pub use store::{Claim, KeyedRequest, claim_key, store_answer};
pub use unit::{Idempotency, Outcome};

/// The table of this crate, in the database of each service that uses it.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
