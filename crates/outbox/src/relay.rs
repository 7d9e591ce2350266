//! Carries committed events to the broker, in order, until they are confirmed.

mod session;

use std::time::Duration;

use broker::{Broker, PublishError};
use database::{Database, DatabaseError};
use tokio_util::sync::CancellationToken;

use crate::relay::session::Session;
use crate::{Waker, state};

/// How the relay paces itself.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// How long a replica that died keeps the others from relaying.
    pub lease: Duration,
    /// How often to look for events that nobody woke it for.
    pub poll: Duration,
    /// How long a confirmation may stay unsaved; what is unsaved at a crash is
    /// published again.
    pub save_every: Duration,
    /// How many events one read takes.
    pub read_limit: i64,
    /// How many events may be out unconfirmed.
    pub window: usize,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            poll: Duration::from_secs(1),
            save_every: Duration::from_millis(200),
            read_limit: 256,
            window: 2_048,
        }
    }
}

/// Why the relay had to start over.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Its database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The broker did not take an event.
    #[error("event {seq} was not published: {source}")]
    Publish {
        /// The event's place in the sequence.
        seq: i64,
        /// What the broker said.
        source: PublishError,
    },
    /// The broker cannot be published to.
    #[error("cannot publish: {0}")]
    Broker(#[source] PublishError),
    /// Another replica relays now, or the cursor was moved back.
    #[error("another relay has taken over, or the cursor was moved back")]
    LostLead,
}

/// The relay of one service's outbox.
#[derive(Debug)]
pub struct Relay {
    database: Database,
    broker: Broker,
    waker: Waker,
    config: RelayConfig,
}

/// How long to wait after the first failure, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

impl Relay {
    /// A relay from `database` to `broker`, on which
    /// [`topology`](crate::topology()) is declared.
    pub fn new(database: Database, broker: Broker, config: RelayConfig) -> Self {
        Self {
            database,
            broker,
            waker: Waker::new(),
            config,
        }
    }

    /// Wakes this relay; for those who write.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Relays until cancelled. Failures are logged and tried again for ever.
    pub async fn run(self, cancel: CancellationToken) {
        let (shortest, longest) = BACKOFF;
        let mut wait = shortest;
        while !cancel.is_cancelled() {
            let outcome = match cancel.run_until_cancelled(self.lead()).await {
                None => return,
                Some(Err(error)) => Err(error),
                Some(Ok(epoch)) => self.relay(epoch, &cancel, &mut wait).await,
            };
            let Err(error) = outcome else { continue };
            match error {
                RelayError::LostLead => tracing::info!("{error}; this one starts over"),
                error => tracing::warn!(%error, retry_in = ?wait, "the relay starts over"),
            }
            cancel.run_until_cancelled(tokio::time::sleep(wait)).await;
            wait = (wait * 2).min(longest);
        }
    }

    /// Waits until this replica leads; returns the epoch it leads under.
    async fn lead(&self) -> Result<i64, RelayError> {
        let lease_us = micros(self.config.lease);
        loop {
            let epoch = self
                .database
                .write(move |conn| state::take_lead(conn, lease_us))
                .await?;
            if let Some(epoch) = epoch {
                tracing::debug!(epoch, "this relay leads");
                return Ok(epoch);
            }
            tokio::time::sleep(self.config.lease / 5).await;
        }
    }

    async fn relay(
        &self,
        epoch: i64,
        cancel: &CancellationToken,
        wait: &mut Duration,
    ) -> Result<(), RelayError> {
        let mut session = Session::start(self, epoch).await?;
        let started_at = session.through();
        let outcome = session.run(cancel).await;
        if session.through() > started_at {
            *wait = BACKOFF.0;
        }
        if matches!(outcome, Err(RelayError::LostLead)) {
            return outcome;
        }
        session.give_back().await?;
        outcome
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
