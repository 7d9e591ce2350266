//! What `dealwire verify` reads of a delivery database: narrow rows, in
//! batches, along their keys.

mod tally;

use std::collections::HashSet;

use database::partitions::Moment;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use crate::domain::delivery::DeliveryState;
use crate::store::retention::find_horizons;
use crate::store::schema::{events as events_table, webhook_lanes};

pub use tally::{
    DeliveryCounts, EventKey, HourCounts, HourKey, TalliedEvent, TalliedEvents, tally,
};

/// An event that the worker has taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// Its id.
    pub event_id: EventId,
    /// Whose it is.
    pub account_id: i64,
    /// The kind of record that it tells of.
    pub component: String,
    /// The record; `None` if it tells of none, or of several.
    pub record_id: Option<i64>,
    /// The record's revision.
    pub revision: Option<i64>,
}

/// Which rows may be gone because they were old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizons {
    deliveries: Moment,
    events: Moment,
}

impl Horizons {
    /// As they stand. What is not there in the same unit of work went before they were passed.
    ///
    /// # Errors
    /// Database failures.
    pub fn read(conn: &mut Connection<'_>) -> Result<Self, DatabaseError> {
        let (deliveries_us, events_us) = find_horizons(conn)?;
        Ok(Self {
            deliveries: Moment::of_us(deliveries_us),
            events: Moment::of_us(events_us),
        })
    }

    /// Whether the event may have been deleted.
    pub fn may_have_forgotten(&self, id: EventId) -> bool {
        Moment::of_id(id.as_bytes()) < self.events
    }

    /// Whether deliveries of the event may have been deleted.
    fn may_have_cleared(&self, id: EventId) -> bool {
        Moment::of_id(id.as_bytes()) < self.deliveries
    }
}

/// The hour in which an event happened, in hours since the Unix epoch.
pub fn hour_of(id: EventId) -> i64 {
    hour_of_id(id.as_bytes())
}

/// The same of an event's or a delivery's id.
fn hour_of_id(id: &[u8]) -> i64 {
    const HOUR_US: i64 = 60 * 60 * 1_000_000;
    Moment::of_id(id).as_us() / HOUR_US
}

/// The names of all states, in the order in which people read them.
pub fn state_names() -> impl Iterator<Item = &'static str> {
    DeliveryState::ALL.into_iter().map(DeliveryState::as_str)
}

/// Those of the events that the worker has taken in.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn list_known(
    conn: &mut Connection<'_>,
    ids: &[EventId],
) -> Result<Vec<KnownEvent>, DatabaseError> {
    let ids: Vec<&[u8]> = ids.iter().map(EventId::as_bytes).collect();
    type Row = (Vec<u8>, i64, String, Option<i64>, Option<i64>);
    let rows: Vec<Row> = on_backend!(conn, |c| events_table::table
        .filter(events_table::event_id.eq_any(ids))
        .select((
            events_table::event_id,
            events_table::account_id,
            events_table::component,
            events_table::record_id,
            events_table::revision,
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(id, account_id, component, record_id, revision)| {
            Ok(KnownEvent {
                event_id: read_id(&id)?,
                account_id,
                component,
                record_id,
                revision,
            })
        })
        .collect()
}

/// Webhooks whose deliveries wait because a person paused them or too much failed.
///
/// # Errors
/// Database failures.
pub fn list_held_webhooks(conn: &mut Connection<'_>) -> Result<HashSet<i64>, DatabaseError> {
    let ids: Vec<i64> = on_backend!(conn, |c| webhook_lanes::table
        .filter(
            webhook_lanes::paused_at_us
                .is_not_null()
                .or(webhook_lanes::disabled_at_us.is_not_null())
        )
        .select(webhook_lanes::webhook_id)
        .load(c))?;
    Ok(ids.into_iter().collect())
}

pub(crate) fn read_id(bytes: &[u8]) -> Result<EventId, DatabaseError> {
    EventId::from_bytes(bytes).ok_or_else(|| {
        let reason = "events.event_id holds something that is no id";
        DatabaseError::Refused(diesel::result::Error::DeserializationError(reason.into()))
    })
}
