//! Messages that a consumer cannot decode or store: kept, counted, listed.

use broker::IncomingMessage;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::schema::parked_events;

/// A message and why it was not taken in.
#[derive(Debug, Clone)]
pub struct NewParked {
    /// The queue it came from.
    pub queue: String,
    /// The key it was published with.
    pub routing_key: String,
    /// The event's id as the publisher wrote it.
    pub message_id: String,
    /// The event's type as the publisher wrote it.
    pub message_type: String,
    /// Its place in the publisher's sequence.
    pub seq: Option<i64>,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// Why, in a sentence for the operator.
    pub reason: String,
}

impl NewParked {
    /// A message that came from `queue`, not taken in for this reason.
    pub fn of(queue: &str, message: &IncomingMessage, reason: impl Into<String>) -> Self {
        Self {
            queue: queue.to_owned(),
            routing_key: message.routing_key.clone(),
            message_id: message.message_id.clone(),
            message_type: message.message_type.clone(),
            seq: message.seq.and_then(|seq| i64::try_from(seq).ok()),
            traceparent: message.traceparent.clone(),
            body: message.body.to_vec(),
            reason: reason.into(),
        }
    }
}

/// A parked message.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = parked_events)]
pub struct ParkedRow {
    /// Its number in this database.
    pub id: i64,
    /// The queue it came from.
    pub queue: String,
    /// The key it was published with.
    pub routing_key: String,
    /// The event's id as the publisher wrote it.
    pub message_id: String,
    /// The event's type as the publisher wrote it.
    pub message_type: String,
    /// Its place in the publisher's sequence.
    pub seq: Option<i64>,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// The bytes as they came.
    pub body: Vec<u8>,
    /// Why, in a sentence for the operator.
    pub reason: String,
    /// When, in microseconds by the database's time.
    pub parked_at_us: i64,
}

/// Keeps a message that cannot be taken in; acknowledge it after the commit.
pub fn park(conn: &mut Connection<'_>, message: &NewParked) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    // PostgreSQL's text takes no NUL, and a broken message may carry some.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    on_backend!(conn, |c| diesel::insert_into(parked_events::table)
        .values((
            parked_events::queue.eq(&message.queue),
            parked_events::routing_key.eq(clean(&message.routing_key)),
            parked_events::message_id.eq(clean(&message.message_id)),
            parked_events::message_type.eq(clean(&message.message_type)),
            parked_events::seq.eq(message.seq),
            parked_events::traceparent.eq(message.traceparent.as_deref().map(clean)),
            parked_events::body.eq(&message.body),
            parked_events::reason.eq(clean(&message.reason)),
            parked_events::parked_at_us.eq(now_us),
        ))
        .execute(c))?;
    Ok(())
}

/// Parked messages with an id above `after_id`, oldest first.
pub fn list(
    conn: &mut Connection<'_>,
    after_id: i64,
    limit: i64,
) -> Result<Vec<ParkedRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| parked_events::table
        .filter(parked_events::id.gt(after_id))
        .order(parked_events::id)
        .limit(limit)
        .select(ParkedRow::as_select())
        .load(c))?)
}

/// How many messages are parked.
pub fn count(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| parked_events::table
        .count()
        .get_result(c))?)
}
