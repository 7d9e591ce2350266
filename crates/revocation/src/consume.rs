//! From the queue into the verifier and the table.

use std::sync::Arc;
use std::time::Duration;

use broker::{ConsumeError, Consumer, IncomingMessage};
use database::{Connection, DatabaseError, Outage, write_halving};
use events::{AccountId, Change, Decoded, Event, TokenId};
use outbox::parked::{NewParked, park};

use crate::revocation::Revocation;
use crate::store::insert_revoked;

/// Messages and bytes of one batch; revocations are few and small.
const MAX_MESSAGES: u16 = 256;
const MAX_BYTES: usize = 1024 * 1024;

/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// What is to be kept of a message, and the message, to be parked instead if it
/// cannot be kept.
#[derive(Debug)]
struct Revoked {
    account_id: AccountId,
    token_id: TokenId,
    place: usize,
}

impl Revocation {
    pub(crate) async fn consume(&self) -> Result<(), ConsumeError> {
        let mut consumer = self.broker.consumer(self.queue, MAX_MESSAGES).await?;
        loop {
            self.take_batch(&mut consumer).await?;
        }
    }

    async fn take_batch(&self, consumer: &mut Consumer) -> Result<(), ConsumeError> {
        let batch = consumer.receive(MAX_MESSAGES.into(), MAX_BYTES).await?;
        let mut revoked = Vec::new();
        let mut parked = Vec::new();
        for (place, message) in batch.messages().iter().enumerate() {
            match Event::decode(&message.body) {
                Ok(Decoded::Event(event)) => {
                    let Change::TokenRevoked(change) = event.change else {
                        continue;
                    };
                    // Here at once, whatever the database does.
                    self.verifier.revoke(change.token_id.0.clone());
                    revoked.push(Revoked {
                        account_id: event.account_id,
                        token_id: change.token_id,
                        place,
                    });
                }
                Ok(Decoded::Unknown) => {}
                Err(error) => parked.push(self.parked(message, error.to_string())),
            }
        }
        self.keep(Arc::new(revoked), batch.messages(), parked).await;
        consumer.ack(batch).await
    }

    /// Keeps the batch until the database has it; giving it back would only
    /// bring it again.
    async fn keep(
        &self,
        revoked: Arc<Vec<Revoked>>,
        messages: &[IncomingMessage],
        parked: Vec<NewParked>,
    ) {
        let outage = Outage::new("revoked tokens cannot be kept; they are refused here only");
        while let Err(error) = self.try_keep(&revoked, messages, parked.clone()).await {
            outage.failed(&error);
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
        outage.over();
    }

    async fn try_keep(
        &self,
        revoked: &Arc<Vec<Revoked>>,
        messages: &[IncomingMessage],
        mut parked: Vec<NewParked>,
    ) -> Result<(), DatabaseError> {
        let insert = |conn: &mut Connection<'_>, part: &[Revoked]| {
            part.iter()
                .try_for_each(|it| insert_revoked(conn, it.account_id, &it.token_id))
        };
        let halved = write_halving(
            &self.database,
            Arc::clone(revoked),
            insert,
            DatabaseError::is_retryable,
        )
        .await?;
        for (place, error) in halved.guilty {
            let message = revoked.get(place).and_then(|it| messages.get(it.place));
            parked.extend(message.map(|message| self.parked(message, error.to_string())));
        }
        if parked.is_empty() {
            return Ok(());
        }
        self.database
            .write(move |conn| parked.iter().try_for_each(|message| park(conn, message)))
            .await
    }

    fn parked(&self, message: &IncomingMessage, reason: String) -> NewParked {
        tracing::error!(
            queue = self.queue,
            message = message.message_id,
            reason,
            "a message is parked"
        );
        NewParked::of(self.queue, message, reason)
    }
}
