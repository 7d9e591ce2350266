//! Events with their deliveries, part by part along the ids.

use std::collections::{BTreeMap, HashMap, HashSet};

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::EventId;

use super::{Horizons, hour_of_id, read_id};
use crate::domain::delivery::{DeliveryState, Origin, TIME_BYTES};
use crate::ordering::WHEN_FREED_US;
use crate::store::schema::{attempts, deliveries, events as events_table};

/// How many deliveries one statement reads.
const ROWS: i64 = 10_000;

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
    /// How many of them are gone because they were old.
    pub expired: i64,
}

/// Deliveries by what became of them. Those that replays made are counted apart, and in none of
/// the other numbers but those of hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// How many are in each state, by the state's name.
    pub by_state: HashMap<String, i64>,
    /// The same of those that replays made.
    pub replays_by_state: HashMap<String, i64>,
    /// Pending ones of webhooks that are paused or disabled.
    pub held: i64,
    /// When the oldest pending one was due that nothing holds, neither its webhook nor another
    /// delivery of its record, microseconds.
    pub oldest_due_at_us: Option<i64>,
    /// Those that a receiver answered with 2xx more than once.
    pub repeated: i64,
    /// By the webhook and the hour of their events.
    pub hours: BTreeMap<HourKey, HourCounts>,
}

/// An hour of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HourKey {
    /// In hours since the Unix epoch: when the events happened.
    pub hour: i64,
    /// `None`: nobody can tell which.
    pub webhook_id: Option<i64>,
}

/// Deliveries of one hour of a webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourCounts {
    /// All that there are.
    pub rows: i64,
    /// Those that are to be sent.
    pub waiting: i64,
    /// Those of them that a person or too many failures hold up.
    pub held: i64,
    /// Those that replays made.
    pub replays: i64,
    /// Those that were not sent on purpose.
    pub skipped: i64,
    /// Events that the worker does not have, and deliveries that their events do not have.
    pub missing: i64,
}

impl HourCounts {
    /// Adds what was counted elsewhere.
    pub fn add(&mut self, more: &Self) {
        self.rows += more.rows;
        self.waiting += more.waiting;
        self.held += more.held;
        self.replays += more.replays;
        self.skipped += more.skipped;
        self.missing += more.missing;
    }

    /// Whether something waits or is missing.
    pub fn is_remarkable(&self) -> bool {
        self.waiting > 0 || self.missing > 0
    }
}

/// A place in the order of event ids, which is that of their times.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey(Vec<u8>);

impl EventKey {
    /// Before all events.
    pub fn first() -> Self {
        Self(Vec::new())
    }

    /// The hour that it lies in.
    pub fn hour(&self) -> i64 {
        hour_of_id(&self.0)
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

/// About `limit` events, or as many deliveries, from `from` on. Both are of one moment
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
    let horizons = Horizons::read(conn)?;
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
        let event_id = read_id(&id)?;
        let rows = rows_of.remove(&id).unwrap_or(0);
        let missing = matched - rows;
        let expired = match horizons.may_have_cleared(event_id) {
            true => missing.max(0),
            false => 0,
        };
        if missing > expired {
            let hour = HourKey {
                hour: hour_of_id(&id),
                webhook_id: None,
            };
            let counts = part.deliveries.hours.entry(hour).or_default();
            counts.missing += missing - expired;
        }
        part.events.push(TalliedEvent {
            event_id,
            seq,
            matched,
            rows,
            expired,
        });
    }
    for id in rows_of.keys() {
        part.orphans.push(read_id(id)?);
    }
    part.orphans.sort_unstable_by_key(|id| id.0);
    Ok(part)
}

/// Where a part of about `limit` events or deliveries ends: at the beginning of a
/// millisecond, which the ids of events and of their deliveries share.
fn end_of_part(
    conn: &mut Connection<'_>,
    from: &EventKey,
    limit: i64,
) -> Result<Option<EventKey>, DatabaseError> {
    let beyond: [Option<Vec<u8>>; 2] = on_backend!(conn, |c| [
        events_table::table
            .filter(events_table::event_id.ge(&from.0))
            .order(events_table::event_id)
            .offset(limit)
            .limit(1)
            .select(events_table::event_id)
            .first(c)
            .optional()?,
        deliveries::table
            .filter(deliveries::id.ge(&from.0))
            .order(deliveries::id)
            .offset(limit)
            .limit(1)
            .select(deliveries::id)
            .first(c)
            .optional()?,
    ]);
    Ok(beyond.into_iter().flatten().min().and_then(|id| {
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
    let mut last: Option<Vec<u8>> = None;
    loop {
        let rows: Vec<Row> = on_backend!(conn, |c| {
            let mut query = deliveries::table
                .filter(deliveries::origin.ne(Origin::Test.as_str()))
                .order(deliveries::id)
                .limit(ROWS)
                .select(Row::as_select())
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
        let Some(row) = rows.last() else {
            return Ok(());
        };
        last = Some(row.id.clone());
        for row in rows {
            part.deliveries.count(&row, held.contains(&row.webhook_id));
            if let Some(event_id) = row.event_id
                && row.origin == Origin::Event.as_str()
            {
                *rows_of.entry(event_id).or_default() += 1;
            }
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = deliveries)]
struct Row {
    id: Vec<u8>,
    event_id: Option<Vec<u8>>,
    webhook_id: i64,
    origin: String,
    state: String,
    due_at_us: i64,
}

impl DeliveryCounts {
    fn count(&mut self, row: &Row, is_held: bool) {
        let key = HourKey {
            hour: hour_of_id(&row.id),
            webhook_id: Some(row.webhook_id),
        };
        let hour = self.hours.entry(key).or_default();
        hour.rows += 1;
        hour.skipped += i64::from(row.state == DeliveryState::Skipped.as_str());
        if row.state == DeliveryState::Pending.as_str() {
            hour.waiting += 1;
            hour.held += i64::from(is_held);
        }
        if row.origin != Origin::Event.as_str() {
            hour.replays += 1;
            *self.replays_by_state.entry(row.state.clone()).or_default() += 1;
            return;
        }
        *self.by_state.entry(row.state.clone()).or_default() += 1;
        if row.state != DeliveryState::Pending.as_str() {
            return;
        }
        if is_held {
            self.held += 1;
        } else if row.due_at_us < WHEN_FREED_US {
            let oldest = self.oldest_due_at_us.unwrap_or(i64::MAX);
            self.oldest_due_at_us = Some(oldest.min(row.due_at_us));
        }
    }
}

/// SQLite bounds the number of values.
const IDS_PER_QUERY: usize = 500;

/// Deliveries that were answered with 2xx more than once.
fn count_repeated(
    conn: &mut Connection<'_>,
    from: &EventKey,
    until: Option<&EventKey>,
) -> Result<i64, DatabaseError> {
    let logged: Vec<(Vec<u8>, i64)> = on_backend!(conn, |c| {
        let mut query = attempts::table
            .filter(attempts::delivery_id.ge(&from.0))
            .filter(attempts::status.between(200, 299))
            .group_by(attempts::delivery_id)
            .select((attempts::delivery_id, diesel::dsl::count_star()))
            .into_boxed();
        if let Some(until) = until {
            query = query.filter(attempts::delivery_id.lt(&until.0));
        }
        query.load(c)
    })?;
    let (once, repeated): (Vec<_>, Vec<_>) = logged.into_iter().partition(|(_, count)| *count == 1);
    // Those arrived twice if the delivery's own row keeps another attempt.
    let mut count = i64::try_from(repeated.len()).unwrap_or(i64::MAX);
    let once: Vec<Vec<u8>> = once.into_iter().map(|(id, _)| id).collect();
    for ids in once.chunks(IDS_PER_QUERY) {
        count += on_backend!(conn, |c| deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .filter(deliveries::first_attempt.is_not_null())
            .count()
            .get_result::<i64>(c))?;
    }
    Ok(count)
}
