//! What `dealwire verify` reads of an outbox: narrow rows, in batches, along
//! the sequence.

use std::collections::{HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use crate::schema::{inbox_events, outbox_events, parked_events, relay_state};
use crate::state::published_through;

/// How far an outbox goes at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The oldest event that is kept; `None` if none is.
    pub oldest_seq: Option<i64>,
    /// The last number that was given: no event up to here is still to commit.
    pub last_seq: i64,
    /// Everything up to here was confirmed by the broker.
    pub published_through: i64,
    /// The position of the newest event that has no number yet; `None` if all have one.
    pub unnumbered_to: Option<i64>,
}

/// An event of the outbox without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// Its place in the sequence.
    pub seq: i64,
    /// Its id.
    pub event_id: EventId,
    /// Its type, which is its routing key.
    pub event_type: String,
}

/// How far the outbox goes now.
///
/// # Errors
/// Database failures.
pub fn extent(conn: &mut Connection<'_>) -> Result<Extent, DatabaseError> {
    let published_through = published_through(conn)?;
    // PostgreSQL's lowest position need not have the lowest number: one that commits late is numbered
    // after those behind it.
    let oldest_seq: Option<i64> = match conn {
        Connection::Sqlite(c) => outbox_events::table
            .select(diesel::dsl::min(outbox_events::position))
            .first(*c)?,
        Connection::Postgres(c) => outbox_events::table
            .select(diesel::dsl::min(outbox_events::seq))
            .first(*c)?,
    };
    let (last_seq, unnumbered_to) = match conn {
        // The position is the number, and the one writer commits in its order.
        Connection::Sqlite(c) => {
            let last: Option<i64> = outbox_events::table
                .select(diesel::dsl::max(outbox_events::position))
                .first(*c)?;
            (last.unwrap_or(0).max(published_through), None)
        }
        Connection::Postgres(c) => (
            relay_state::table.select(relay_state::last_seq).first(*c)?,
            outbox_events::table
                .filter(outbox_events::seq.is_null())
                .select(diesel::dsl::max(outbox_events::position))
                .first(*c)?,
        ),
    };
    Ok(Extent {
        oldest_seq,
        last_seq,
        published_through,
        unnumbered_to,
    })
}

/// How many events up to `position` have no number yet.
///
/// # Errors
/// Database failures.
pub fn count_unnumbered(conn: &mut Connection<'_>, position: i64) -> Result<i64, DatabaseError> {
    match conn {
        Connection::Sqlite(_) => Ok(0),
        Connection::Postgres(c) => Ok(outbox_events::table
            .filter(outbox_events::seq.is_null())
            .filter(outbox_events::position.le(position))
            .count()
            .get_result(*c)?),
    }
}

/// Events after `after_seq` up to `through_seq`, in order, `limit` at most.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_entries(
    conn: &mut Connection<'_>,
    after_seq: i64,
    through_seq: i64,
    limit: i64,
) -> Result<Vec<OutboxEntry>, DatabaseError> {
    // On SQLite the number is the key itself; saying so keeps the range scan.
    let rows: Vec<(i64, Vec<u8>, String)> = match conn {
        Connection::Sqlite(c) => outbox_events::table
            .filter(outbox_events::position.gt(after_seq))
            .filter(outbox_events::position.le(through_seq))
            .order(outbox_events::position)
            .limit(limit)
            .select((
                outbox_events::position,
                outbox_events::event_id,
                outbox_events::event_type,
            ))
            .load(*c)?,
        Connection::Postgres(c) => outbox_events::table
            .filter(outbox_events::seq.gt(after_seq))
            .filter(outbox_events::seq.le(through_seq))
            .order(outbox_events::seq)
            .limit(limit)
            .select((
                outbox_events::seq.assume_not_null(),
                outbox_events::event_id,
                outbox_events::event_type,
            ))
            .load(*c)?,
    };
    rows.into_iter()
        .map(|(seq, event_id, event_type)| {
            Ok(OutboxEntry {
                seq,
                event_id: read_id(&event_id)?,
                event_type,
            })
        })
        .collect()
}

/// The ids of the events that have these numbers, by number.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_ids_by_seq(
    conn: &mut Connection<'_>,
    seqs: &[i64],
) -> Result<HashMap<i64, EventId>, DatabaseError> {
    let rows: Vec<(i64, Vec<u8>)> = match conn {
        Connection::Sqlite(c) => outbox_events::table
            .filter(outbox_events::position.eq_any(seqs))
            .select((outbox_events::position, outbox_events::event_id))
            .load(*c)?,
        Connection::Postgres(c) => outbox_events::table
            .filter(outbox_events::seq.eq_any(seqs))
            .select((
                outbox_events::seq.assume_not_null(),
                outbox_events::event_id,
            ))
            .load(*c)?,
    };
    rows.into_iter()
        .map(|(seq, id)| Ok((seq, read_id(&id)?)))
        .collect()
}

/// The `message_id`s of what a consumer of `queue` parked, of those given.
///
/// # Errors
/// Database failures.
pub fn list_parked(
    conn: &mut Connection<'_>,
    queue: &str,
    message_ids: &[String],
) -> Result<HashSet<String>, DatabaseError> {
    let ids: Vec<String> = on_backend!(conn, |c| parked_events::table
        .filter(parked_events::queue.eq(queue))
        .filter(parked_events::message_id.eq_any(message_ids))
        .select(parked_events::message_id)
        .load(c))?;
    Ok(ids.into_iter().collect())
}

/// Which of these events the [inbox](crate::inbox) has taken in.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_taken_in(
    conn: &mut Connection<'_>,
    ids: &[EventId],
) -> Result<HashSet<EventId>, DatabaseError> {
    let bytes: Vec<&[u8]> = ids.iter().map(EventId::as_bytes).collect();
    let rows: Vec<Vec<u8>> = on_backend!(conn, |c| inbox_events::table
        .filter(inbox_events::event_id.eq_any(&bytes))
        .select(inbox_events::event_id)
        .load(c))?;
    rows.iter().map(|id| read_id(id)).collect()
}

pub(crate) fn read_id(bytes: &[u8]) -> Result<EventId, DatabaseError> {
    EventId::from_bytes(bytes).ok_or_else(|| {
        let reason = "an event_id holds something that is no id";
        DatabaseError::Refused(diesel::result::Error::DeserializationError(reason.into()))
    })
}
