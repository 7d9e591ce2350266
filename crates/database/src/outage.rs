//! What is said of a database that does not answer: once when it begins, once
//! when it is over, however often it is tried in between.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::DatabaseError;

/// Whether one task gets what it asks of the database, for the log.
#[derive(Debug)]
pub struct Outage {
    what: &'static str,
    since: Mutex<Option<Instant>>,
}

impl Outage {
    /// `what` does not happen while the database fails, in words for the log.
    pub fn new(what: &'static str) -> Self {
        Self {
            what,
            since: Mutex::new(None),
        }
    }

    /// Notes a failure.
    pub fn failed(&self, error: &DatabaseError) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none() {
            *since = Some(Instant::now());
            tracing::error!(%error, "the database fails: {}", self.what);
        }
    }

    /// Notes that it works; returns whether it did not before.
    pub fn over(&self) -> bool {
        let begun = self
            .since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(begun) = begun {
            let seconds = begun.elapsed().as_secs();
            tracing::info!(seconds, "the database works again; over: {}", self.what);
        }
        begun.is_some()
    }
}
