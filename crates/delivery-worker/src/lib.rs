//! The delivery worker: it turns events into callbacks.
//!
//! Events come from the broker and are matched with the webhooks of their
//! account once; each match is a delivery, a row that is committed together
//! with the event before the broker may forget it. From then on the database
//! is the truth: a delivery is claimed, sent, and its outcome recorded, again
//! and again by a schedule, until it is delivered or over. A crash at any
//! moment repeats a callback at most, under the same `webhook-id` (DESIGN 8).
//!
//! The modules stand in the order in which data flows: `ingest`, `matching`,
//! `lane`, `claim`, `render`, `sign`, `send`, `record`, `retry`.

mod address;
mod api;
mod attempt;
pub mod audit;
mod claim;
mod config;
mod dispatch;
mod domain;
mod engine;
mod erasure;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod headers;
mod ingest;
mod lane;
mod lease;
mod matching;
mod metrics;
mod news;
mod openapi;
mod ordering;
mod record;
pub mod recovery;
mod registry;
mod render;
mod replay;
mod retention;
mod retry;
mod routes;
mod secret;
mod send;
mod service;
mod sign;
mod state;
mod store;
mod sweep;

use database::Migrations;
use diesel_migrations::embed_migrations;

pub use address::{AddressPolicy, Refusal, Special};
pub use config::{BreakerConfig, DeliveryConfig};
pub use registry::{MatchingProbe, ProbeError};
pub use secret::{
    CryptoError, InvalidMasterKey, InvalidSecret, KeyRing, MasterKey, ResealError, Resealed,
    UnreadableKeys, WebhookSecret, reseal_some,
};
pub use send::{SendConfig, Sender, SenderError, TIME_LIMIT};
pub use service::{BuildError, Dependencies, Service};
pub use sign::Signer;

/// The tables of this service; the tables of [`outbox`] and [`idempotency`]
/// belong into the same database.
pub const MIGRATIONS: Migrations = Migrations {
    sqlite: embed_migrations!("migrations/sqlite"),
    postgres: embed_migrations!("migrations/postgres"),
};
