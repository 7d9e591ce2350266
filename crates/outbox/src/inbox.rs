//! Consumers take each event once, however often it is published.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use crate::schema::inbox_events;

/// Notes that this consumer takes `event_id` in; `false` if it did before.
///
/// Call it in the transaction that carries out what the event asks for.
pub fn accept(conn: &mut Connection<'_>, event_id: EventId) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let inserted = on_backend!(conn, |c| diesel::insert_into(inbox_events::table)
        .values((
            inbox_events::event_id.eq(event_id.as_bytes()),
            inbox_events::received_at_us.eq(now_us),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}
