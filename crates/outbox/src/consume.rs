//! Taking the batches of a queue in, whatever the database does meanwhile (DESIGN 4).

use std::time::Duration;

use broker::{Broker, ConsumeError, Consumer, IncomingMessage, supervise};
use database::{Database, DatabaseError, Outage};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The bounds of a batch.
const MAX_MESSAGES: u16 = 1_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// The same where another transaction was in the way.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// How long a batch is held while the database fails. Then the broker gets it
/// back: another replica may fare better, and a broker does not wait for ever.
const HOLD: Duration = Duration::from_secs(30);

/// How often a database that failed for longer is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a service does with the messages of a queue.
pub trait TakeIn: Clone + Send + Sync + 'static {
    /// Takes a batch in and parks what it cannot take. The same messages may come
    /// again; they are acknowledged once this is done.
    ///
    /// # Errors
    /// Only where trying again may help.
    fn take_in(
        &self,
        messages: &[IncomingMessage],
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send;
}

/// A queue whose batches go into a database.
#[derive(Debug, Clone)]
pub struct QueueConsumer {
    /// Where the queue is.
    pub broker: Broker,
    /// Where its messages go.
    pub database: Database,
    /// One of [`crate::queue`].
    pub queue: &'static str,
    /// What the log says while the database is away, such as "leads cannot be converted".
    pub outage: &'static str,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Stored,
    GivenBack,
}

impl QueueConsumer {
    /// Takes batches in until cancelled. Failures are logged and tried again for ever.
    pub async fn run<T: TakeIn>(self, service: T, cancel: CancellationToken) {
        supervise(self.queue, cancel, |cancel| {
            let (this, service) = (self.clone(), service.clone());
            async move {
                // A batch that was not stored by then comes again.
                cancel
                    .run_until_cancelled(this.consume(&service))
                    .await
                    .unwrap_or(Ok(()))
            }
        })
        .await;
    }

    async fn consume<T: TakeIn>(&self, service: &T) -> Result<(), ConsumeError> {
        let outage = Outage::new(self.outage);
        loop {
            let mut consumer = self.broker.consumer(self.queue, MAX_MESSAGES).await?;
            while self.take_batch(service, &mut consumer, &outage).await? == Taken::Stored {}
            // Without a consumer the messages wait at the broker, for anybody.
            drop(consumer);
            while self.database.check().await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            outage.over();
        }
    }

    async fn take_batch<T: TakeIn>(
        &self,
        service: &T,
        consumer: &mut Consumer,
        outage: &Outage,
    ) -> Result<Taken, ConsumeError> {
        let batch = consumer.receive(MAX_MESSAGES.into(), MAX_BYTES).await?;
        let mut give_up_at = None;
        while let Err(error) = service.take_in(batch.messages()).await {
            if matches!(error, DatabaseError::Conflict(_)) {
                tracing::debug!(%error, queue = self.queue, "a batch gave way to another transaction");
                tokio::time::sleep(CONFLICT_PAUSE).await;
                continue;
            }
            outage.failed(&error);
            if *give_up_at.get_or_insert_with(|| Instant::now() + HOLD) <= Instant::now() {
                return Ok(Taken::GivenBack);
            }
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
        outage.over();
        consumer.ack(batch).await?;
        Ok(Taken::Stored)
    }
}
