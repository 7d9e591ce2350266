//! The events that previews and tests are made of.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{Event, EventId};

use super::deliveries::find_event_body;
use super::schema::{event_bodies, events as events_table};
use crate::matching::record_of;

/// Whether an event is still stored just as it was when it was read; from here to
/// the commit nobody changes it. Who erases a person from it waits, and finds what
/// was written down meanwhile.
pub(crate) fn lock_if_unchanged(
    conn: &mut Connection<'_>,
    id: EventId,
    body: &[u8],
) -> Result<bool, DatabaseError> {
    let stored: Option<Vec<u8>> = match conn {
        // It has one writer.
        Connection::Sqlite(_) => find_event_body(conn, id)?,
        Connection::Postgres(c) => event_bodies::table
            .find(id.as_bytes())
            .select(event_bodies::body)
            .for_share()
            .first(*c)
            .optional()?,
    };
    Ok(stored.is_some_and(|stored| stored == body))
}

/// In place of the settings' version, of an event that was made up: it met none.
const MET_NO_SETTINGS: i64 = -1;

/// Whether an event was made up, by what it has in place of the settings' version.
pub(super) fn is_made_up(config_version: i64) -> bool {
    config_version == MET_NO_SETTINGS
}

/// Keeps an event that a caller made up, as if it had come and fired nothing;
/// returns its body as it is stored.
///
/// To be called as soon as the event has its id: who erases a person looks through
/// events by id, and comes back late, if at all, to one that appears behind.
pub(crate) fn insert_sample_event(
    conn: &mut Connection<'_>,
    event: &Event,
) -> Result<Vec<u8>, DatabaseError> {
    let now_us = conn.now_us()?;
    let body = event.encode();
    let event_type = event.change.event_type();
    let component = event_type.split('.').next().unwrap_or(event_type);
    on_backend!(conn, |c| {
        diesel::insert_into(events_table::table)
            .values((
                events_table::event_id.eq(event.id.as_bytes()),
                events_table::account_id.eq(event.account_id.0),
                events_table::event_type.eq(event_type),
                events_table::component.eq(component),
                events_table::record_id.eq(record_of(&event.change).map(|record| record.id)),
                events_table::revision.eq(event.change.revision()),
                events_table::occurred_at_us.eq(event.occurred_at.0),
                events_table::received_at_us.eq(now_us),
                events_table::matched.eq(0_i64),
                events_table::config_version.eq(MET_NO_SETTINGS),
            ))
            .execute(c)?;
        diesel::insert_into(event_bodies::table)
            .values((
                event_bodies::event_id.eq(event.id.as_bytes()),
                event_bodies::body.eq(&body),
            ))
            .execute(c)?;
    });
    Ok(body)
}
