//! What goes after its time: up to when, and the rows.

pub(crate) mod idle_records;
pub(crate) mod rows;

use std::time::Duration;

use database::partitions::{Key, Moment, Owner, PartitionedTable};
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::schema::retention;
use crate::retention::GRACE;

/// Events as they came, that something was sent, and what was sent and answered.
pub(crate) static PARTITIONED: [&PartitionedTable; 3] = [&EVENT_BODIES, &ATTEMPT_BODIES, &ATTEMPTS];

pub(crate) static EVENT_BODIES: PartitionedTable =
    of_deliveries("event_bodies", "event_id", "event_id");
static ATTEMPT_BODIES: PartitionedTable = of_deliveries("attempt_bodies", "delivery_id", "id");
static ATTEMPTS: PartitionedTable = of_deliveries("attempts", "delivery_id", "id");

/// A table of what belongs to deliveries, whose ids begin with the time of their event.
const fn of_deliveries(
    name: &'static str,
    column: &'static str,
    of_delivery: &'static str,
) -> PartitionedTable {
    PartitionedTable {
        name,
        column,
        key: Key::TimeOrderedId,
        owned_by: column,
        owner: Owner {
            table: "deliveries",
            id: of_delivery,
            time: "id",
        },
    }
}

/// Up to when rows go. Times of the database: a worker's clock that is wrong deletes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cutoffs {
    /// Deliveries, attempts and bodies of events before this.
    pub(crate) deliveries: Moment,
    /// Events before this.
    pub(crate) events: Moment,
    /// The same, microseconds.
    pub(crate) events_us: i64,
    /// What came in or was over since this time stays, microseconds.
    pub(crate) grace_us: i64,
}

/// Says up to when rows go, before they do: whoever counts them has to know.
pub(crate) fn begin(
    conn: &mut Connection<'_>,
    keep_deliveries: Duration,
    keep_events: Duration,
) -> Result<Cutoffs, DatabaseError> {
    let now_us = conn.now_us()?;
    let before = |keep: Duration| {
        let keep_us = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        now_us.saturating_sub(keep_us).max(0)
    };
    let (deliveries_us, events_us) = (before(keep_deliveries), before(keep_events));
    on_backend!(conn, |c| {
        diesel::update(retention::table.filter(retention::deliveries_before_us.lt(deliveries_us)))
            .set(retention::deliveries_before_us.eq(deliveries_us))
            .execute(c)?;
        diesel::update(retention::table.filter(retention::events_before_us.lt(events_us)))
            .set(retention::events_before_us.eq(events_us))
            .execute(c)?;
    });
    Ok(Cutoffs {
        deliveries: Moment::of_us(deliveries_us),
        events: Moment::of_us(events_us),
        events_us,
        grace_us: before(GRACE),
    })
}

/// Up to which times of their events deliveries and events may be gone, microseconds.
pub(crate) fn find_horizons(conn: &mut Connection<'_>) -> Result<(i64, i64), DatabaseError> {
    Ok(on_backend!(conn, |c| retention::table
        .select((retention::deliveries_before_us, retention::events_before_us))
        .first(c))?)
}
