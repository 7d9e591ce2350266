//! What an operator is told when the relay cannot go on, and how often: once,
//! until it gets on again.

use std::time::Duration;

use broker::PublishError;

use super::RelayError;
use crate::topology::EXCHANGE;

/// What was said since events last got through.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    told: Vec<&'static str>,
}

impl Trouble {
    /// Events get through again.
    pub(super) fn over(&mut self) {
        if !self.told.is_empty() {
            let was = std::mem::take(&mut self.told).join(", ");
            tracing::info!(was, "events are published again");
        }
    }

    /// Says what is wrong, unless that was said already or is for others to say.
    pub(super) fn met(&mut self, error: &RelayError, retry_in: Duration) {
        let source = match error {
            RelayError::LostLead => {
                tracing::info!("{error}; this one starts over");
                return;
            }
            RelayError::Publish { source, .. } | RelayError::Broker(source) => Some(source),
            RelayError::Database(_) | RelayError::Declare(_) => None,
        };
        let (what, advice) = match (error, source) {
            // The database and the broker say themselves when they are away.
            (RelayError::Database(error), _) if error.is_unavailable() => {
                tracing::debug!(%error, "the relay waits for the database");
                return;
            }
            (_, Some(PublishError::ConnectionLost { .. })) => {
                tracing::debug!(%error, "the relay waits for the broker");
                return;
            }
            (_, Some(PublishError::Refused)) => (
                "full queue",
                "a queue is full: see which one waits for a consumer that does not run, or is too slow",
            ),
            (_, Some(PublishError::Unroutable { .. } | PublishError::UnknownExchange { .. })) => (
                "missing queue",
                "the broker has lost the queue: it is declared again; if that does not help, see its bindings",
            ),
            (_, Some(PublishError::Closed)) => ("closed broker", "the program stops"),
            _ => ("failure", "it is tried again for ever; nothing is lost"),
        };
        if self.told.contains(&what) {
            tracing::debug!(%error, ?retry_in, "still not published");
            return;
        }
        self.told.push(what);
        tracing::warn!(%error, exchange = EXCHANGE, "events wait in the outbox; {advice}");
    }
}
