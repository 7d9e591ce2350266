//! Carries committed events to the broker, in order, until they are confirmed.

mod session;
mod trouble;

use std::time::Duration;

use broker::{Broker, DeclareError, PublishError};
use database::{Database, DatabaseError};
use tokio_util::sync::CancellationToken;

use crate::relay::session::Session;
use crate::relay::trouble::Trouble;
use crate::{Waker, state, topology};

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
            lease: Duration::from_secs(8),
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
    /// The broker does not take what is declared again.
    #[error("cannot declare: {0}")]
    Declare(#[source] DeclareError),
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

/// What replicas wake the one that leads by.
const CHANNEL: &str = "dealwire_outbox";

/// How often a replica wakes it at most.
const WAKE_EVERY: Duration = Duration::from_millis(20);

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
        let mut trouble = Trouble::default();
        // After a failure it is one event that tries whether it is over.
        let mut careful = false;
        let mut held = None;
        while !cancel.is_cancelled() {
            let outcome = match cancel.run_until_cancelled(self.lead(held)).await {
                None => return,
                Some(Err(error)) => Err(error),
                Some(Ok(epoch)) => {
                    held = Some(epoch);
                    let told = (&mut wait, &mut trouble);
                    self.relay(epoch, careful, &cancel, told).await
                }
            };
            let Err(error) = outcome else { continue };
            trouble.met(&error, wait);
            careful = !matches!(error, RelayError::LostLead);
            let pause = async {
                tokio::time::sleep(wait).await;
                self.declare_again(&error).await
            };
            if let Some(Err(error)) = cancel.run_until_cancelled(pause).await {
                trouble.met(&error, wait);
            }
            wait = (wait * 2).min(longest);
        }
    }

    /// What the broker has lost comes back, if only that was wrong.
    async fn declare_again(&self, error: &RelayError) -> Result<(), RelayError> {
        let (RelayError::Publish { source, .. } | RelayError::Broker(source)) = error else {
            return Ok(());
        };
        let lost = source.is_unroutable() || matches!(source, PublishError::UnknownExchange { .. });
        if !lost {
            return Ok(());
        }
        match self.broker.declare(&topology()).await {
            Err(error) if !error.is_retryable() => Err(RelayError::Declare(error)),
            _ => Ok(()),
        }
    }

    /// Waits until this replica leads; returns the epoch it leads under. Until
    /// then, those who write here wake the one that does. `held` is the epoch that
    /// this replica led under before: if nobody has led since, it need not wait.
    async fn lead(&self, held: Option<i64>) -> Result<i64, RelayError> {
        let lease_us = micros(self.config.lease);
        loop {
            let epoch = self
                .database
                .write(move |conn| state::take_lead(conn, lease_us, held))
                .await?;
            if let Some(epoch) = epoch {
                tracing::debug!(epoch, "this relay leads");
                return Ok(epoch);
            }
            // An error is that of the timeout: it never ends by itself.
            drop(tokio::time::timeout(self.config.lease / 5, self.wake_leader()).await);
        }
    }

    async fn wake_leader(&self) {
        loop {
            self.waker.woken().await;
            // The leader looks each second anyway.
            if let Err(error) = self.database.notify(CHANNEL).await {
                tracing::debug!(%error, "the relay that leads was not woken");
            }
            tokio::time::sleep(WAKE_EVERY).await;
        }
    }

    async fn relay(
        &self,
        epoch: i64,
        careful: bool,
        cancel: &CancellationToken,
        (wait, trouble): (&mut Duration, &mut Trouble),
    ) -> Result<(), RelayError> {
        let waker = self.waker();
        let listener = self.database.listen(CHANNEL, move || waker.wake());
        let mut session = Session::start(self, epoch, careful).await?;
        let works = || {
            *wait = BACKOFF.0;
            trouble.over();
        };
        let outcome = session.run(cancel, works).await;
        drop(listener);
        if matches!(outcome, Err(RelayError::LostLead)) {
            return outcome;
        }
        let given_back = session.give_back().await;
        // Why it ended says more than that the database did not hear of it.
        outcome.and(given_back)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
