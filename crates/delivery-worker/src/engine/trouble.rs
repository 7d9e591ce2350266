//! What is said of a database that does not answer: once when it begins, once
//! when it is over, however often it is tried in between.

use std::sync::{Mutex, PoisonError};

use database::DatabaseError;
use tokio::time::Instant;

/// The tasks that need the database.
#[derive(Debug)]
pub(crate) struct Troubles {
    pub(crate) ingest: Trouble,
    pub(crate) claim: Trouble,
    pub(crate) lease: Trouble,
    pub(crate) record: Trouble,
    pub(crate) sweep: Trouble,
}

impl Default for Troubles {
    fn default() -> Self {
        Self {
            ingest: Trouble::new("events cannot be stored; they are kept until they can"),
            claim: Trouble::new("deliveries cannot be claimed"),
            lease: Trouble::new("the lease cannot be renewed"),
            record: Trouble::new("outcomes cannot be recorded; nothing is sent until they can"),
            sweep: Trouble::new("what is due cannot be looked up"),
        }
    }
}

/// Whether one of the tasks gets what it asks of the database.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What does not happen meanwhile, in words for the log.
    what: &'static str,
    since: Mutex<Option<Instant>>,
}

impl Trouble {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            since: Mutex::new(None),
        }
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, error: &DatabaseError) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none() {
            *since = Some(Instant::now());
            tracing::error!(%error, "the delivery database fails: {}", self.what);
        }
    }

    /// Notes that it works; returns whether it did not before.
    pub(crate) fn over(&self) -> bool {
        let begun = self
            .since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(begun) = begun {
            let seconds = begun.elapsed().as_secs();
            tracing::info!(
                seconds,
                "the delivery database works again; over: {}",
                self.what
            );
        }
        begun.is_some()
    }
}
