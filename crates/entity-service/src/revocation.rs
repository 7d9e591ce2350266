//! Keeps this process refusing the tokens that were revoked anywhere.
//!
//! Three ways lead here: the handler that revokes tells its own process at once;
//! the queue of `token.revoked` reaches one replica of this service; and every
//! replica looks into the table that they share, which is what makes a
//! revocation effective in all of them within seconds (DESIGN 9).

use std::time::Duration;

use broker::{Broker, Consumer, IncomingMessage, supervise};
use database::{Database, DatabaseError};
use events::{Change, Decoded, Event, Timestamp};
use http_api::TokenVerifier;
use outbox::parked::{NewParked, park};
use outbox::queue::ENTITY_TOKENS;
use tokio_util::sync::CancellationToken;

use crate::store::api_tokens::list_revoked;

/// How often the table is looked at.
const POLL: Duration = Duration::from_secs(2);

/// How far back a look goes behind the newest revocation seen: a transaction
/// may commit later than its time says, and replicas' clocks differ.
const OVERLAP_US: i64 = 60_000_000;

/// Messages and bytes of one batch; revocations are few and small.
const BATCH: (usize, usize) = (256, 1 << 20);

/// The largest batch a consumer holds.
const PREFETCH: u16 = 256;

/// How long to wait for the database before a batch is given back to the queue.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why the queue cannot be followed at the moment.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("the queue of revoked tokens failed")]
    Queue(#[from] broker::ConsumeError),
    #[error("a message could not be parked")]
    Park(#[from] DatabaseError),
}

/// The task that learns of revocations.
#[derive(Debug, Clone)]
pub(crate) struct Revocation {
    database: Database,
    broker: Broker,
    verifier: TokenVerifier,
}

impl Revocation {
    /// A task that tells `verifier`.
    pub(crate) fn new(database: Database, broker: Broker, verifier: TokenVerifier) -> Self {
        Self {
            database,
            broker,
            verifier,
        }
    }

    /// Follows queue and table until cancelled. Failures are logged and tried again for ever.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let following = supervise("revoked tokens", cancel.clone(), |cancel| {
            let this = self.clone();
            async move { this.follow_queue(cancel).await }
        });
        tokio::join!(following, self.follow_table(cancel));
    }

    async fn follow_queue(&self, cancel: CancellationToken) -> Result<(), FollowError> {
        let mut consumer = self.broker.consumer(ENTITY_TOKENS, PREFETCH).await?;
        loop {
            match cancel
                .run_until_cancelled(self.take_batch(&mut consumer))
                .await
            {
                None => return Ok(()),
                Some(taken) => taken?,
            }
        }
    }

    async fn take_batch(&self, consumer: &mut Consumer) -> Result<(), FollowError> {
        let (messages, bytes) = BATCH;
        let batch = consumer.receive(messages, bytes).await?;
        for message in batch.messages() {
            match Event::decode(&message.body) {
                Ok(Decoded::Event(event)) => {
                    if let Change::TokenRevoked(revoked) = event.change {
                        self.verifier.revoke(revoked.token_id.0);
                    }
                }
                Ok(Decoded::Unknown) => {}
                Err(error) => self.park(message, error.to_string()).await?,
            }
        }
        consumer.ack(batch).await?;
        Ok(())
    }

    /// Keeps a message that cannot be read. While the database is away the batch is held; giving
    /// it back would only bring it again.
    async fn park(&self, message: &IncomingMessage, reason: String) -> Result<(), DatabaseError> {
        tracing::error!(
            message_id = message.message_id,
            reason,
            "a message is parked"
        );
        let parked = NewParked::of(ENTITY_TOKENS, message, reason);
        loop {
            let kept = parked.clone();
            match self.database.write(move |conn| park(conn, &kept)).await {
                Err(error) if error.is_retryable() => tokio::time::sleep(RETRY_PAUSE).await,
                done => return done,
            }
        }
    }

    async fn follow_table(&self, cancel: CancellationToken) {
        let mut newest = Timestamp(0);
        let mut well = true;
        while cancel
            .run_until_cancelled(tokio::time::sleep(POLL))
            .await
            .is_some()
        {
            let since = Timestamp(newest.0.saturating_sub(OVERLAP_US));
            match revoke_since(&self.database, &self.verifier, since).await {
                Ok(seen) => {
                    newest = newest.max(seen);
                    well = true;
                }
                // Once per outage: the loop goes round every two seconds.
                Err(error) if well => {
                    tracing::warn!(%error, "revoked tokens cannot be read at the moment");
                    well = false;
                }
                Err(_) => {}
            }
        }
    }
}

/// Tells the verifier of every token that was ever revoked; before the first request is served.
pub(crate) async fn load_revoked(
    database: &Database,
    verifier: &TokenVerifier,
) -> Result<(), DatabaseError> {
    revoke_since(database, verifier, Timestamp(0)).await?;
    Ok(())
}

/// Answers when the newest of them was revoked.
async fn revoke_since(
    database: &Database,
    verifier: &TokenVerifier,
    since: Timestamp,
) -> Result<Timestamp, DatabaseError> {
    let revoked = database.read(move |conn| list_revoked(conn, since)).await?;
    let newest = revoked.iter().map(|(_, at)| *at).max().unwrap_or(since);
    for (id, _) in revoked {
        verifier.revoke(id.0);
    }
    Ok(newest)
}
