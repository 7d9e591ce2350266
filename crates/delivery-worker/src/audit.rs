//! What `dealwire verify` reads of a delivery database: narrow rows, in
//! batches, along their keys.

use std::collections::{HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use crate::domain::delivery::{DeliveryState, Origin, TIME_BYTES};
use crate::store::schema::{attempts, deliveries, events as events_table, webhook_lanes};

/// How many deliveries one statement reads.
const ROWS: i64 = 10_000;

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

/// Events with what was made of them, and where to go on.
#[derive(Debug, Clone, Default)]
pub struct TalliedEvents {
    /// The events.
    pub events: Vec<TalliedEvent>,
    /// Deliveries of events that are not there, by the event's id.
    pub orphans: Vec<EventId>,
    /// All deliveries of this part, those of tests left out.
    pub deliveries: DeliveryCounts,
    /// Where the next part begins; `None` after the last one.
    pub next: Option<EventKey>,
}

/// An event and how many deliveries it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalliedEvent {
    /// Its id.
    pub event_id: EventId,
    /// Its place in the publisher's sequence; `None` for an event of the worker's own.
    pub seq: Option<i64>,
    /// How many deliveries it was given.
    pub matched: i64,
    /// How many there are.
    pub rows: i64,
}

/// Deliveries by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// How many are in each state, by the state's name.
    pub by_state: HashMap<String, i64>,
    /// Pending ones of webhooks that are paused or disabled.
    pub held: i64,
    /// When the oldest pending one that nothing holds was due, microseconds.
    pub oldest_due_at_us: Option<i64>,
    /// Those that a receiver answered with 2xx more than once.
    pub repeated: i64,
}

/// A place in the order of event ids, which is that of their times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey(Vec<u8>);

impl EventKey {
    /// Before all events.
    pub fn first() -> Self {
        Self(Vec::new())
    }

    /// The beginning of the millisecond of `id`.
    fn of_time(id: &[u8]) -> Self {
        Self(id.iter().take(TIME_BYTES).copied().collect())
    }

    /// The beginning of the millisecond after this one.
    fn after(&self) -> Option<Self> {
        let mut bytes = self.0.clone();
        bytes.resize(TIME_BYTES, 0);
        for byte in bytes.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return Some(Self(bytes));
            }
        }
        None
    }
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

/// About `limit` events from `from` on with their deliveries. Both are of one moment
/// if this is the whole unit of work: a delivery is committed with its event.
///
/// # Errors
/// Database failures; [`DatabaseError::Refused`] for an id that is none.
pub fn tally(
    conn: &mut Connection<'_>,
    from: &EventKey,
    held: &HashSet<i64>,
    limit: i64,
) -> Result<TalliedEvents, DatabaseError> {
    let until = end_of_part(conn, from, limit)?;
    let mut part = TalliedEvents {
        next: until.clone(),
        ..TalliedEvents::default()
    };
    let mut rows_of: HashMap<Vec<u8>, i64> = HashMap::new();
    count_deliveries(conn, from, until.as_ref(), held, &mut part, &mut rows_of)?;
    part.deliveries.repeated = count_repeated(conn, from, until.as_ref())?;
    let events: Vec<(Vec<u8>, Option<i64>, i64)> = on_backend!(conn, |c| {
        let mut query = events_table::table
            .filter(events_table::event_id.ge(&from.0))
            .order(events_table::event_id)
            .select((
                events_table::event_id,
                events_table::seq,
                events_table::matched,
            ))
            .into_boxed();
        if let Some(until) = &until {
            query = query.filter(events_table::event_id.lt(&until.0));
        }
        query.load(c)
    })?;
    for (id, seq, matched) in events {
        part.events.push(TalliedEvent {
            event_id: read_id(&id)?,
            seq,
            matched,
            rows: rows_of.remove(&id).unwrap_or(0),
        });
    }
    for id in rows_of.keys() {
        part.orphans.push(read_id(id)?);
    }
    part.orphans.sort_unstable_by_key(|id| id.0);
    Ok(part)
}

/// Where a part of about `limit` events ends: at the beginning of a millisecond,
/// which the ids of events and of their deliveries share.
fn end_of_part(
    conn: &mut Connection<'_>,
    from: &EventKey,
    limit: i64,
) -> Result<Option<EventKey>, DatabaseError> {
    let beyond: Option<Vec<u8>> = on_backend!(conn, |c| events_table::table
        .filter(events_table::event_id.ge(&from.0))
        .order(events_table::event_id)
        .offset(limit)
        .limit(1)
        .select(events_table::event_id)
        .first(c)
        .optional())?;
    Ok(beyond.and_then(|id| {
        let end = EventKey::of_time(&id);
        if end > *from { Some(end) } else { end.after() }
    }))
}

fn count_deliveries(
    conn: &mut Connection<'_>,
    from: &EventKey,
    until: Option<&EventKey>,
    held: &HashSet<i64>,
    part: &mut TalliedEvents,
    rows_of: &mut HashMap<Vec<u8>, i64>,
) -> Result<(), DatabaseError> {
    let counts = &mut part.deliveries;
    let mut last: Option<Vec<u8>> = None;
    loop {
        type Row = (Vec<u8>, Option<Vec<u8>>, i64, String, i64);
        let rows: Vec<Row> = on_backend!(conn, |c| {
            let mut query = deliveries::table
                .filter(deliveries::origin.eq(Origin::Event.as_str()))
                .order(deliveries::id)
                .limit(ROWS)
                .select((
                    deliveries::id,
                    deliveries::event_id,
                    deliveries::webhook_id,
                    deliveries::state,
                    deliveries::due_at_us,
                ))
                .into_boxed();
            query = match &last {
                Some(last) => query.filter(deliveries::id.gt(last)),
                None => query.filter(deliveries::id.ge(&from.0)),
            };
            if let Some(until) = until {
                query = query.filter(deliveries::id.lt(&until.0));
            }
            query.load(c)
        })?;
        let Some((last_id, ..)) = rows.last() else {
            return Ok(());
        };
        last = Some(last_id.clone());
        for (_, event_id, webhook_id, state, due_at_us) in rows {
            if state == DeliveryState::Pending.as_str() {
                if held.contains(&webhook_id) {
                    counts.held += 1;
                } else {
                    let oldest = counts.oldest_due_at_us.unwrap_or(i64::MAX);
                    counts.oldest_due_at_us = Some(oldest.min(due_at_us));
                }
            }
            *counts.by_state.entry(state).or_default() += 1;
            if let Some(event_id) = event_id {
                *rows_of.entry(event_id).or_default() += 1;
            }
        }
    }
}

/// Deliveries that were answered with 2xx more than once.
fn count_repeated(
    conn: &mut Connection<'_>,
    from: &EventKey,
    until: Option<&EventKey>,
) -> Result<i64, DatabaseError> {
    let ids: Vec<Vec<u8>> = on_backend!(conn, |c| {
        let mut query = attempts::table
            .filter(attempts::delivery_id.ge(&from.0))
            .filter(attempts::status.between(200, 299))
            .group_by(attempts::delivery_id)
            .having(diesel::dsl::count_star().gt(1))
            .select(attempts::delivery_id)
            .into_boxed();
        if let Some(until) = until {
            query = query.filter(attempts::delivery_id.lt(&until.0));
        }
        query.load(c)
    })?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

fn read_id(bytes: &[u8]) -> Result<EventId, DatabaseError> {
    EventId::from_bytes(bytes).ok_or_else(|| {
        let reason = "events.event_id holds something that is no id";
        DatabaseError::Refused(diesel::result::Error::DeserializationError(reason.into()))
    })
}
