//! Old rows, part by part along the ids. Parts begin and end between milliseconds,
//! which an event shares with its deliveries.

use database::partitions::Moment;
use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::{exists, not, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::Cutoffs;
use crate::store::schema::{attempt_bodies, attempts, deliveries, event_bodies, events};

/// What was done of a part, and where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// How many deliveries, or events, were deleted.
    pub(crate) removed: usize,
    /// `None` at the end.
    pub(crate) next: Option<Moment>,
}

/// Deletes old deliveries that are over, of about `limit` from `from` on. Below `bodies_until`
/// everything goes that belonged to them, with what an earlier one left behind.
pub(crate) fn clear_deliveries(
    conn: &mut Connection<'_>,
    from: Moment,
    cutoffs: Cutoffs,
    bodies_until: Moment,
    limit: i64,
) -> Result<Part, DatabaseError> {
    let mut end = cutoffs.deliveries;
    if from < bodies_until {
        end = end.min(bodies_until);
        end = end_of_bodies(conn, from, end, limit)?;
    }
    end = end_of_deliveries(conn, from, end, limit)?;
    let (first, last) = (from.bytes(), end.bytes());
    let removed = on_backend!(conn, |c| diesel::delete(
        deliveries::table
            .filter(deliveries::id.ge(&first))
            .filter(deliveries::id.lt(&last))
            .filter(is_over_since(cutoffs.grace_us))
    )
    .execute(c))?;
    if from < bodies_until {
        clear_bodies(conn, &first, &last)?;
    }
    Ok(Part {
        removed,
        next: (end < cutoffs.deliveries && from < end).then_some(end),
    })
}

/// Deletes old events that have no deliveries any more, of about `limit` from `from` on.
pub(crate) fn clear_events(
    conn: &mut Connection<'_>,
    from: Moment,
    cutoffs: Cutoffs,
    limit: i64,
) -> Result<Part, DatabaseError> {
    let (first, last) = (from.bytes(), cutoffs.events.bytes());
    let beyond: Option<Vec<u8>> = on_backend!(conn, |c| events::table
        .filter(events::event_id.ge(&first))
        .filter(events::event_id.lt(&last))
        .order(events::event_id)
        .offset(limit)
        .limit(1)
        .select(events::event_id)
        .first(c)
        .optional())?;
    let end = end_at(from, cutoffs.events, beyond);
    let last = end.bytes();
    let removed = on_backend!(conn, |c| diesel::delete(
        events::table
            .filter(events::event_id.ge(&first))
            .filter(events::event_id.lt(&last))
            .filter(events::received_at_us.lt(cutoffs.grace_us))
            .filter(not(exists(
                deliveries::table
                    .filter(deliveries::id.ge(&first))
                    .filter(deliveries::id.lt(&last))
                    .filter(deliveries::event_id.eq(events::event_id.nullable()))
            )))
    )
    .execute(c))?;
    Ok(Part {
        removed,
        next: (end < cutoffs.events && from < end).then_some(end),
    })
}

/// Bodies and attempts that no delivery has.
fn clear_bodies(conn: &mut Connection<'_>, first: &[u8], last: &[u8]) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| {
        diesel::delete(
            attempt_bodies::table
                .filter(attempt_bodies::delivery_id.ge(first))
                .filter(attempt_bodies::delivery_id.lt(last))
                .filter(not(exists(
                    deliveries::table.filter(deliveries::id.eq(attempt_bodies::delivery_id)),
                ))),
        )
        .execute(c)?;
        diesel::delete(
            attempts::table
                .filter(attempts::delivery_id.ge(first))
                .filter(attempts::delivery_id.lt(last))
                .filter(not(exists(
                    deliveries::table.filter(deliveries::id.eq(attempts::delivery_id)),
                ))),
        )
        .execute(c)?;
    });
    clear_event_bodies(conn, first, last)
}

/// Bodies of events that no delivery has.
///
/// Who queues a delivery of an event that is known holds its body meanwhile
/// ([`hold_bodies`]). Such a body is passed over, and so nobody waits for each other; a later
/// round looks at it again. What was queued just before is only seen by a statement that
/// begins when the body is held: one that waited for it would go by what it saw before.
///
/// [`hold_bodies`]: crate::store::replays::candidates::hold_bodies
fn clear_event_bodies(
    conn: &mut Connection<'_>,
    first: &[u8],
    last: &[u8],
) -> Result<(), DatabaseError> {
    match conn {
        // It has one writer.
        Connection::Sqlite(c) => {
            diesel::delete(
                event_bodies::table
                    .filter(event_bodies::event_id.ge(first))
                    .filter(event_bodies::event_id.lt(last))
                    .filter(has_no_delivery(first, last)),
            )
            .execute(*c)?;
        }
        Connection::Postgres(c) => {
            let held: Vec<Vec<u8>> = event_bodies::table
                .filter(event_bodies::event_id.ge(first))
                .filter(event_bodies::event_id.lt(last))
                .filter(has_no_delivery(first, last))
                .select(event_bodies::event_id)
                .for_update()
                .skip_locked()
                .load(*c)?;
            diesel::delete(
                event_bodies::table
                    .filter(event_bodies::event_id.eq_any(held))
                    .filter(event_bodies::event_id.ge(first))
                    .filter(event_bodies::event_id.lt(last))
                    .filter(has_no_delivery(first, last)),
            )
            .execute(*c)?;
        }
    }
    Ok(())
}

/// Whether none of the deliveries between two ids is of the body's event.
#[diesel::dsl::auto_type]
fn has_no_delivery<'a>(first: &'a [u8], last: &'a [u8]) -> _ {
    let theirs = deliveries::table
        .filter(deliveries::id.ge(first))
        .filter(deliveries::id.lt(last))
        .filter(deliveries::event_id.eq(event_bodies::event_id.nullable()));
    not(exists(theirs))
}

fn is_over_since(grace_us: i64) -> SqlLiteral<Bool> {
    sql::<Bool>(&format!(
        "(deliveries.state <> 'pending' \
         AND coalesce(deliveries.finished_at_us, deliveries.created_at_us) < {grace_us})"
    ))
}

fn end_of_deliveries(
    conn: &mut Connection<'_>,
    from: Moment,
    end: Moment,
    limit: i64,
) -> Result<Moment, DatabaseError> {
    let beyond: Option<Vec<u8>> = on_backend!(conn, |c| deliveries::table
        .filter(deliveries::id.ge(from.bytes()))
        .filter(deliveries::id.lt(end.bytes()))
        .order(deliveries::id)
        .offset(limit)
        .limit(1)
        .select(deliveries::id)
        .first(c)
        .optional())?;
    Ok(end_at(from, end, beyond))
}

/// Bodies may be there without deliveries.
fn end_of_bodies(
    conn: &mut Connection<'_>,
    from: Moment,
    end: Moment,
    limit: i64,
) -> Result<Moment, DatabaseError> {
    let beyond: Option<Vec<u8>> = on_backend!(conn, |c| event_bodies::table
        .filter(event_bodies::event_id.ge(from.bytes()))
        .filter(event_bodies::event_id.lt(end.bytes()))
        .order(event_bodies::event_id)
        .offset(limit)
        .limit(1)
        .select(event_bodies::event_id)
        .first(c)
        .optional())?;
    Ok(end_at(from, end, beyond))
}

/// Before the millisecond of the first row that is too many, but not where it began.
fn end_at(from: Moment, end: Moment, beyond: Option<Vec<u8>>) -> Moment {
    match beyond {
        Some(id) => Moment::of_id(&id).max(from.after()).min(end),
        None => end,
    }
}

#[cfg(test)]
mod tests;
