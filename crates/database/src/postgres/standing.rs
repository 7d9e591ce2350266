//! Whether the server answers, told once when it changes and not at each unit.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::error::one_line;

#[derive(Debug)]
pub(crate) struct Standing {
    /// The server, as logs may name it.
    database: String,
    /// Since when it does not answer.
    lost_at: Mutex<Option<Instant>>,
}

impl Standing {
    pub(super) fn new(database: String) -> Self {
        Self {
            database,
            lost_at: Mutex::new(None),
        }
    }

    /// A connection was lost, or none was to be had.
    pub(super) fn lost(&self, reason: &str) {
        let mut lost_at = self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
        if lost_at.is_none() {
            *lost_at = Some(Instant::now());
            let reason = one_line(reason);
            tracing::warn!(database = self.database, reason, "the database is away");
        } else {
            tracing::debug!(
                database = self.database,
                reason,
                "the database is still away"
            );
        }
    }

    /// A connection was made. One that worked all the time proves nothing: a
    /// server that is full takes no further ones.
    pub(super) fn connected(&self) {
        let mut lost_at = self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = lost_at.take() {
            tracing::info!(
                database = self.database,
                away_ms = since.elapsed().as_millis(),
                "the database is back"
            );
        }
    }
}
