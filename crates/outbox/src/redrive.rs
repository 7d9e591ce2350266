//! Putting parked messages back into their queues when an operator wants them tried again.
//!
//! Whoever asks marks them ([`request`]); a service on that database puts each into its queue,
//! and removes it from the parked ones once the broker has it. What still cannot be taken in is
//! parked anew, under the reason that holds now. Consumers know repeats by their ids, so that
//! one which a crash brings twice does nothing.

use std::time::Duration;

use broker::{Broker, OutgoingMessage, PublishError, Publisher};
use database::{Connection, Database, DatabaseError, on_backend};
use diesel::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::parked::ParkedRow;
use crate::schema::parked_events;

/// How often to look whether something is wanted.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many one look takes; a body is a few kilobytes.
const BATCH: i64 = 100;

/// For how long what was taken is nobody else's.
const CLAIM: Duration = Duration::from_secs(30);

/// How long the broker may take to confirm one.
const CONFIRMED: Duration = Duration::from_secs(10);

/// Marks messages to be put back: these, or all that are parked. Returns the ids of those that
/// are there.
///
/// # Errors
/// Database failures.
pub fn request(conn: &mut Connection<'_>, ids: Option<&[i64]>) -> Result<Vec<i64>, DatabaseError> {
    let now_us = conn.now_us()?;
    Ok(on_backend!(conn, |c| {
        let mark = parked_events::redrive_at_us.eq(now_us);
        match ids {
            Some(ids) => diesel::update(parked_events::table.filter(parked_events::id.eq_any(ids)))
                .set(mark)
                .returning(parked_events::id)
                .get_results(c)?,
            None => diesel::update(parked_events::table)
                .set(mark)
                .returning(parked_events::id)
                .get_results(c)?,
        }
    }))
}

/// Those of these messages that are still parked.
///
/// # Errors
/// Database failures.
pub fn list_left(conn: &mut Connection<'_>, ids: &[i64]) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| parked_events::table
        .filter(parked_events::id.eq_any(ids))
        .order(parked_events::id)
        .select(parked_events::id)
        .load(c))?)
}

/// Puts back what is marked in a service's database, until cancelled. Failures are logged and
/// tried again for ever.
pub async fn run(database: Database, broker: Broker, cancel: CancellationToken) {
    let looking = async {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Err(error) = put_back(&database, &broker).await {
                tracing::debug!(%error, "parked messages could not be put back; they are kept");
            }
        }
    };
    cancel.run_until_cancelled(looking).await;
}

/// What kept a message from its queue.
#[derive(Debug, thiserror::Error)]
enum PutBackError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

async fn put_back(database: &Database, broker: &Broker) -> Result<(), PutBackError> {
    if !database.read(is_any_wanted).await? {
        return Ok(());
    }
    let rows = database.write(claim).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let publisher = broker.queue_publisher().await?;
    for row in rows {
        let (id, queue, message) = (row.id, row.queue.clone(), row.message_id.clone());
        match publish(&publisher, row).await {
            Ok(Put::InTheQueue) => {
                tracing::info!(queue, message, "a parked message is back in its queue");
                database.write(move |conn| remove(conn, id)).await?;
            }
            Ok(Put::Unknown) => {
                tracing::warn!(
                    queue,
                    message,
                    "the broker does not say that it has a parked message"
                );
            }
            // What no broker takes is not tried for ever.
            Err(error @ PublishError::TooLong { .. }) => {
                tracing::error!(queue, message, %error, "a parked message cannot be put back");
                database.write(move |conn| give_up(conn, id)).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Where a message is.
enum Put {
    InTheQueue,
    /// It is tried again when its claim ends.
    Unknown,
}

async fn publish(publisher: &Publisher, row: ParkedRow) -> Result<Put, PublishError> {
    let message = OutgoingMessage {
        routing_key: row.queue,
        message_id: row.message_id,
        message_type: row.message_type,
        seq: row.seq.and_then(|seq| u64::try_from(seq).ok()),
        traceparent: row.traceparent,
        body: row.body.into(),
    };
    let confirmation = publisher.publish(message).await?;
    match tokio::time::timeout(CONFIRMED, confirmation).await {
        Ok(confirmed) => confirmed.map(|()| Put::InTheQueue),
        Err(_elapsed) => Ok(Put::Unknown),
    }
}

fn is_any_wanted(conn: &mut Connection<'_>) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let wanted = parked_events::table.filter(parked_events::redrive_at_us.le(now_us));
    Ok(on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        wanted
    ))
    .get_result(c))?)
}

/// Takes some that are marked, the oldest first, for as long as a claim lasts.
fn claim(conn: &mut Connection<'_>) -> Result<Vec<ParkedRow>, DatabaseError> {
    let now_us = conn.now_us()?;
    let until_us = now_us + i64::try_from(CLAIM.as_micros()).unwrap_or(i64::MAX);
    Ok(on_backend!(conn, |c| {
        let ids: Vec<i64> = parked_events::table
            .filter(parked_events::redrive_at_us.le(now_us))
            .order(parked_events::id)
            .limit(BATCH)
            .select(parked_events::id)
            .load(c)?;
        let mut rows: Vec<ParkedRow> = diesel::update(
            parked_events::table
                .filter(parked_events::id.eq_any(ids))
                // Another replica may have been faster.
                .filter(parked_events::redrive_at_us.le(now_us)),
        )
        .set(parked_events::redrive_at_us.eq(until_us))
        .returning(ParkedRow::as_returning())
        .get_results(c)?;
        rows.sort_unstable_by_key(|row| row.id);
        rows
    }))
}

fn remove(conn: &mut Connection<'_>, id: i64) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(parked_events::table.find(id))
        .execute(c))?;
    Ok(())
}

fn give_up(conn: &mut Connection<'_>, id: i64) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(parked_events::table.find(id))
        .set(parked_events::redrive_at_us.eq(None::<i64>))
        .execute(c))?;
    Ok(())
}
