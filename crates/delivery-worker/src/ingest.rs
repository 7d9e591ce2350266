//! From the broker into the database: events, matched once, with their
//! deliveries.

mod arrival;
mod batch;

use std::sync::Arc;
use std::time::Duration;

use broker::{Batch, Broker, ConsumeError, Consumer, IncomingMessage};
use database::DatabaseError;
use outbox::parked::NewParked;
use outbox::queue::DELIVERY_EVENTS;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
pub(crate) use arrival::{Arrival, PlannedDelivery};
use batch::take_in;

/// The bounds of a batch.
const MAX_MESSAGES: u16 = 5_000;
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// Why the consumer has to be opened again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestFailure {
    /// The broker.
    #[error(transparent)]
    Broker(#[from] ConsumeError),
}

/// Takes events in until `cancel`. A batch that cannot be stored is kept until
/// it can: nothing is acked before its commit.
pub(crate) async fn ingest(
    engine: Arc<Engine>,
    broker: Broker,
    cancel: CancellationToken,
) -> Result<(), IngestFailure> {
    let mut consumer = broker.consumer(DELIVERY_EVENTS, MAX_MESSAGES).await?;
    loop {
        let received = cancel
            .run_until_cancelled(consumer.receive(MAX_MESSAGES.into(), MAX_BYTES))
            .await;
        let Some(received) = received else {
            return Ok(());
        };
        if !store_and_ack(&engine, &mut consumer, received?, &cancel).await? {
            return Ok(());
        }
    }
}

/// `false` if it was cancelled before the batch was stored, which then comes
/// again.
async fn store_and_ack(
    engine: &Arc<Engine>,
    consumer: &mut Consumer,
    batch: Batch,
    cancel: &CancellationToken,
) -> Result<bool, IngestFailure> {
    // Places in the lanes are kept under the worker's id.
    let entered = cancel.run_until_cancelled(engine.lease.entered());
    if entered.await.is_none() {
        return Ok(false);
    }
    let mut told = false;
    while let Err(error) = take_in(engine, batch.messages()).await {
        if !std::mem::replace(&mut told, true) {
            tracing::error!(%error, "events cannot be stored; they are kept until they can");
        }
        let pause = tokio::time::sleep(pause_after(&error));
        if cancel.run_until_cancelled(pause).await.is_none() {
            return Ok(false);
        }
    }
    if told {
        tracing::info!("events are stored again");
    }
    consumer.ack(batch).await?;
    Ok(true)
}

fn pause_after(error: &DatabaseError) -> Duration {
    if error.is_unavailable() {
        FAILURE_PAUSE
    } else {
        Duration::from_millis(5)
    }
}

/// A message to be parked, for this reason.
pub(crate) fn parked_message(queue: &str, message: &IncomingMessage, reason: String) -> NewParked {
    NewParked {
        queue: queue.to_owned(),
        routing_key: message.routing_key.clone(),
        message_id: message.message_id.clone(),
        message_type: message.message_type.clone(),
        seq: message.seq.and_then(|seq| i64::try_from(seq).ok()),
        traceparent: message.traceparent.clone(),
        body: message.body.to_vec(),
        reason,
    }
}
