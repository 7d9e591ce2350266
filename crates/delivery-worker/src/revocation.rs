//! Revoked tokens: kept, and refused from the moment the event arrives.

use broker::{Broker, ConsumeError, Consumer, IncomingMessage, supervise};
use database::{Database, DatabaseError};
use events::{Change, Decoded, Event};
use http_api::TokenVerifier;
use outbox::parked::{NewParked, park};
use outbox::queue::DELIVERY_TOKENS;
use tokio_util::sync::CancellationToken;

use crate::ingest::parked_message;
use crate::store::revoked::{insert_revoked, list_revoked};

const MAX_MESSAGES: usize = 100;
const MAX_BYTES: usize = 1024 * 1024;

/// Learns which tokens are no longer valid.
#[derive(Debug, Clone)]
pub(crate) struct Revocation {
    database: Database,
    broker: Broker,
    verifier: TokenVerifier,
}

#[derive(Debug, thiserror::Error)]
enum RevocationError {
    #[error(transparent)]
    Broker(#[from] ConsumeError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Revocation {
    /// Refuses what is known to be revoked from now on.
    pub(crate) async fn start(
        database: Database,
        broker: Broker,
        verifier: TokenVerifier,
    ) -> Result<Self, DatabaseError> {
        for token_id in database.read(list_revoked).await? {
            verifier.revoke(token_id);
        }
        Ok(Self {
            database,
            broker,
            verifier,
        })
    }

    /// Takes revocations in until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        supervise("delivery.tokens", cancel, |cancel| {
            let this = self.clone();
            async move {
                let consuming = this.consume();
                cancel
                    .run_until_cancelled(consuming)
                    .await
                    .unwrap_or(Ok(()))
            }
        })
        .await;
    }

    async fn consume(&self) -> Result<(), RevocationError> {
        let prefetch = u16::try_from(MAX_MESSAGES).unwrap_or(u16::MAX);
        let mut consumer = self.broker.consumer(DELIVERY_TOKENS, prefetch).await?;
        loop {
            self.take_batch(&mut consumer).await?;
        }
    }

    async fn take_batch(&self, consumer: &mut Consumer) -> Result<(), RevocationError> {
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
        let revoked = tokens.clone();
        self.database
            .write(move |conn| {
                insert_revoked(conn, &revoked)?;
                parked.iter().try_for_each(|message| park(conn, message))
            })
            .await?;
        for (_, token_id) in tokens {
            self.verifier.revoke(token_id);
        }
        Ok(consumer.ack(batch).await?)
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
