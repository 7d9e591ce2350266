//! Revoked tokens: kept, and refused from the moment the event arrives.
//!
//! The queue gives each event to one worker only; the others find it in the
//! table that they share, which is what makes a revocation effective in all of
//! them within seconds (DESIGN 9).

use std::time::Duration;

use broker::{Broker, ConsumeError, Consumer, IncomingMessage, supervise};
use database::{Connection, Database, DatabaseError};
use events::{Change, Decoded, Event};
use http_api::TokenVerifier;
use outbox::parked::{NewParked, park};
use outbox::queue::DELIVERY_TOKENS;
use tokio_util::sync::CancellationToken;

use crate::engine::Trouble;
use crate::ingest::parked_message;
use crate::store::revoked::{insert_revoked, list_revoked};

const MAX_MESSAGES: usize = 100;
const MAX_BYTES: usize = 1024 * 1024;
/// How often the table is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How far back behind the newest revocation seen: one that was slow to commit
/// carries an earlier time.
const OVERLAP_US: i64 = 60_000_000;
/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Learns which tokens are no longer valid.
#[derive(Debug, Clone)]
pub(crate) struct Revocation {
    database: Database,
    broker: Broker,
    verifier: TokenVerifier,
}

impl Revocation {
    /// Refuses what is known to be revoked from now on.
    pub(crate) async fn start(
        database: Database,
        broker: Broker,
        verifier: TokenVerifier,
    ) -> Result<Self, DatabaseError> {
        let this = Self {
            database,
            broker,
            verifier,
        };
        this.refuse_since(0).await?;
        Ok(this)
    }

    /// Takes revocations in until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        let consuming = supervise("delivery.tokens", cancel.clone(), |cancel| {
            let this = self.clone();
            async move {
                let consuming = this.consume();
                cancel
                    .run_until_cancelled(consuming)
                    .await
                    .unwrap_or(Ok(()))
            }
        });
        let looking = cancel.run_until_cancelled(self.look());
        tokio::join!(consuming, looking);
    }

    /// Looks into the table again and again.
    async fn look(&self) {
        let trouble = Trouble::new("tokens that were revoked elsewhere are not known here");
        let mut newest_us = 0;
        loop {
            match self.refuse_since(newest_us - OVERLAP_US).await {
                Ok(seen_us) => {
                    newest_us = newest_us.max(seen_us);
                    trouble.over();
                }
                Err(error) => trouble.failed(&error),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Returns when the newest of them was revoked.
    async fn refuse_since(&self, since_us: i64) -> Result<i64, DatabaseError> {
        let revoked = self
            .database
            .read(move |conn| list_revoked(conn, since_us))
            .await?;
        let mut newest_us = 0;
        for (token_id, revoked_at_us) in revoked {
            newest_us = newest_us.max(revoked_at_us);
            self.verifier.revoke(token_id);
        }
        Ok(newest_us)
    }

    async fn consume(&self) -> Result<(), ConsumeError> {
        let prefetch = u16::try_from(MAX_MESSAGES).unwrap_or(u16::MAX);
        let mut consumer = self.broker.consumer(DELIVERY_TOKENS, prefetch).await?;
        loop {
            self.take_batch(&mut consumer).await?;
        }
    }

    async fn take_batch(&self, consumer: &mut Consumer) -> Result<(), ConsumeError> {
        let batch = consumer.receive(MAX_MESSAGES, MAX_BYTES).await?;
        let mut tokens = Vec::new();
        let mut parked = Vec::new();
        for message in batch.messages() {
            match read(message) {
                Ok(Some(token)) => tokens.push(token),
                Ok(None) => {}
                Err(message) => parked.push(*message),
            }
        }
        // Here at once, whatever the database does.
        for (_, token_id) in &tokens {
            self.verifier.revoke(token_id.clone());
        }
        if !(tokens.is_empty() && parked.is_empty()) {
            self.keep(tokens, parked).await;
        }
        consumer.ack(batch).await
    }

    /// Keeps the batch until the database has it; giving it back would only
    /// bring it again.
    async fn keep(&self, tokens: Vec<(i64, String)>, parked: Vec<NewParked>) {
        let trouble = Trouble::new("revoked tokens cannot be kept; they are refused here only");
        loop {
            let (tokens, parked) = (tokens.clone(), parked.clone());
            let kept = self.database.write(move |conn: &mut Connection<'_>| {
                insert_revoked(conn, &tokens)?;
                parked.iter().try_for_each(|message| park(conn, message))
            });
            match kept.await {
                Ok(()) => break,
                Err(error) => trouble.failed(&error),
            }
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
        trouble.over();
    }
}

/// The account and the token; nothing for an event of another kind.
fn read(message: &IncomingMessage) -> Result<Option<(i64, String)>, Box<NewParked>> {
    match Event::decode(&message.body) {
        Ok(Decoded::Event(Event {
            account_id,
            change: Change::TokenRevoked(change),
            ..
        })) => Ok(Some((account_id.0, change.token_id.0))),
        Ok(_) => Ok(None),
        Err(error) => Err(Box::new(parked_message(
            DELIVERY_TOKENS,
            message,
            error.to_string(),
        ))),
    }
}
