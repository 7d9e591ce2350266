//! Consumers take each event once, however often it is published.

use std::collections::HashSet;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use crate::schema::inbox_events;

/// Rows per statement: SQLite bounds the number of values.
const ROWS_PER_INSERT: usize = 500;

#[derive(Debug, Insertable)]
#[diesel(table_name = inbox_events)]
#[diesel(treat_none_as_default_value = false)]
struct NewInboxEvent<'a> {
    event_id: &'a [u8],
    received_at_us: i64,
}

/// Notes that this consumer takes `event_id` in; `false` if it did before.
///
/// Call it in the transaction that carries out what the event asks for.
pub fn accept(conn: &mut Connection<'_>, event_id: EventId) -> Result<bool, DatabaseError> {
    Ok(!accept_all(conn, &[event_id])?.is_empty())
}

/// Notes that this consumer takes these events in; returns those that it did not
/// take in before.
///
/// Call it in the transaction that carries out what the events ask for.
pub fn accept_all(
    conn: &mut Connection<'_>,
    event_ids: &[EventId],
) -> Result<HashSet<EventId>, DatabaseError> {
    let received_at_us = conn.now_us()?;
    // In order, so that two who take the same ones in do not wait for each other.
    let mut sorted = event_ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut accepted = HashSet::with_capacity(sorted.len());
    for ids in sorted.chunks(ROWS_PER_INSERT) {
        let rows: Vec<NewInboxEvent<'_>> = ids
            .iter()
            .map(|id| NewInboxEvent {
                event_id: id.as_bytes(),
                received_at_us,
            })
            .collect();
        let new: Vec<Vec<u8>> = on_backend!(conn, |c| diesel::insert_into(inbox_events::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .returning(inbox_events::event_id)
            .get_results(c))?;
        accepted.extend(new.iter().filter_map(|id| EventId::from_bytes(id)));
    }
    Ok(accepted)
}
