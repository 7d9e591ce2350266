//! From the broker into the database: events, matched once, with their
//! deliveries.

mod arrival;
mod batch;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, ConsumeError, Consumer};
use database::DatabaseError;
use outbox::queue::DELIVERY_EVENTS;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
pub(crate) use arrival::{Arrival, PlannedDelivery};
use batch::take_in;

/// The bounds of a batch.
const MAX_MESSAGES: u16 = 1_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Where events come one after the other, a batch begins so long after the last one.
const GATHER: Duration = Duration::from_millis(3);
/// A batch of so many says that they do.
const MANY: usize = 4;
/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);
/// The same where another transaction was in the way.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);
/// How long a batch is held while the database fails. Then the broker gets it
/// back: another worker may fare better, and a broker does not wait for ever.
const HOLD: Duration = Duration::from_secs(30);
/// How often a database that failed for longer is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why the consumer has to be opened again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestFailure {
    /// The broker.
    #[error(transparent)]
    Broker(#[from] ConsumeError),
}

/// Takes events in until `cancel`. A batch that cannot be stored is kept until
/// it can, or given back: nothing is acked before its commit.
pub(crate) async fn ingest(
    engine: Arc<Engine>,
    broker: Broker,
    cancel: CancellationToken,
) -> Result<(), IngestFailure> {
    let ingesting = async {
        loop {
            let mut consumer = broker.consumer(DELIVERY_EVENTS, MAX_MESSAGES).await?;
            while take_batch(&engine, &mut consumer).await? == Taken::Stored {}
            // Without a consumer the messages wait at the broker, for anybody.
            drop(consumer);
            until_the_database_works(&engine).await;
        }
    };
    // A batch that was not stored by then comes again.
    cancel
        .run_until_cancelled(ingesting)
        .await
        .unwrap_or(Ok(()))
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Stored,
    GivenBack,
}

async fn take_batch(engine: &Arc<Engine>, consumer: &mut Consumer) -> Result<Taken, IngestFailure> {
    let batch = consumer.receive(MAX_MESSAGES.into(), MAX_BYTES).await?;
    let began = Instant::now();
    let mut give_up_at = None;
    while let Err(error) = take_in(engine, batch.messages()).await {
        if matches!(error, DatabaseError::Conflict(_)) {
            tracing::debug!(%error, "a batch of events gave way to another transaction");
            tokio::time::sleep(CONFLICT_PAUSE).await;
            continue;
        }
        engine.trouble.ingest.failed(&error);
        if *give_up_at.get_or_insert_with(|| Instant::now() + HOLD) <= Instant::now() {
            return Ok(Taken::GivenBack);
        }
        tokio::time::sleep(FAILURE_PAUSE).await;
    }
    engine.trouble.ingest.over();
    let count = batch.messages().len();
    consumer.ack(batch).await?;
    if count >= MANY {
        sleep_until(began + GATHER).await;
    }
    Ok(Taken::Stored)
}

async fn until_the_database_works(engine: &Engine) {
    while engine.database.check().await.is_err() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    engine.trouble.ingest.over();
}
