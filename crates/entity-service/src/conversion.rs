//! Leads become clients and orders (DESIGN 7).
//!
//! The intake service asks for a conversion with `lead.conversion_requested`.
//! Here the client is found by phone or email, or added; the order is added; and
//! `lead.converted` tells of both, all in one transaction. However often a lead
//! is asked for, by whichever event, it becomes one order: `lead_conversions`
//! remembers what each one became, for ever.

mod account;
mod added;
mod batch;
mod known;
mod lead;
mod marks;
mod metrics;
mod unit;
mod wanted;

use std::time::Duration;

use broker::{Broker, ConsumeError, Consumer, supervise};
use database::{Database, DatabaseError, Outage};
use events::Clock;
use outbox::Waker;
use outbox::queue::ENTITY_LEADS;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use metrics::ConversionMetrics;

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

/// The task that converts leads.
#[derive(Debug, Clone)]
pub(crate) struct Conversion {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) clock: Clock,
    /// Of the relay that carries the events out.
    pub(crate) waker: Waker,
    pub(crate) metrics: ConversionMetrics,
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Stored,
    GivenBack,
}

impl Conversion {
    /// Converts until cancelled. Failures are logged and tried again for ever.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        supervise(ENTITY_LEADS, cancel, |cancel| {
            let this = self.clone();
            async move {
                // A batch that was not stored by then comes again.
                cancel
                    .run_until_cancelled(this.consume())
                    .await
                    .unwrap_or(Ok(()))
            }
        })
        .await;
    }

    async fn consume(&self) -> Result<(), ConsumeError> {
        let outage = Outage::new("leads cannot be converted; they are kept until they can");
        loop {
            let mut consumer = self.broker.consumer(ENTITY_LEADS, MAX_MESSAGES).await?;
            while self.take_batch(&mut consumer, &outage).await? == Taken::Stored {}
            // Without a consumer the messages wait at the broker, for anybody.
            drop(consumer);
            while self.database.check().await.is_err() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            outage.over();
        }
    }

    async fn take_batch(
        &self,
        consumer: &mut Consumer,
        outage: &Outage,
    ) -> Result<Taken, ConsumeError> {
        let batch = consumer.receive(MAX_MESSAGES.into(), MAX_BYTES).await?;
        let mut give_up_at = None;
        while let Err(error) = self.convert(batch.messages()).await {
            if matches!(error, DatabaseError::Conflict(_)) {
                tracing::debug!(%error, "a batch of leads gave way to another transaction");
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
