//! Events that were told, and the requests that told of them.

use ::events::EventId;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use outbox::erasure::{Erased, Found, Sought};

use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::store::deliveries::{bounds_of, is_still_pending};
use crate::store::schema::{attempt_bodies, deliveries, event_bodies, events};

/// How many events of all accounts one look goes through; they lie together, by
/// time.
const ROWS: i64 = 1_000;

/// An event's id and its body.
type Body = (Vec<u8>, Vec<u8>);

pub(super) fn find(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let passed: Vec<(Vec<u8>, i64)> = on_backend!(conn, |c| events::table
        .filter(events::event_id.gt(after.unwrap_or_default()))
        .order(events::event_id)
        .limit(ROWS)
        .select((events::event_id, events::account_id))
        .load(c))?;
    let is_last = i64::try_from(passed.len()).is_ok_and(|count| count < ROWS);
    let next = passed.last().filter(|_| !is_last).map(|(id, _)| id.clone());
    let ids: Vec<Vec<u8>> = passed
        .into_iter()
        .filter(|(_, account_id)| *account_id == sought.account_id.0)
        .map(|(id, _)| id)
        .collect();
    Ok(Found {
        keys: list_theirs(conn, sought, &ids)?
            .into_iter()
            .map(|(id, _)| id.as_bytes().to_vec())
            .collect(),
        waiting: 0,
        next,
    })
}

pub(super) fn erase(
    conn: &mut Connection<'_>,
    sought: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    let mut outcome = Erased::default();
    for (event_id, blanked) in lock_theirs(conn, sought, keys)? {
        match lock_over(conn, event_id)? {
            Some(over) => {
                erase_event(conn, event_id, &blanked, &over)?;
                outcome.erased += 1;
            }
            None => outcome.waiting += 1,
        }
    }
    Ok(outcome)
}

/// Those of the events that speak of the person, with their bodies as they shall
/// be, by id.
fn list_theirs(
    conn: &mut Connection<'_>,
    sought: &Sought,
    ids: &[Vec<u8>],
) -> Result<Vec<(EventId, Vec<u8>)>, DatabaseError> {
    let bodies = event_bodies::table
        .filter(event_bodies::event_id.eq_any(ids))
        .order(event_bodies::event_id)
        .select((event_bodies::event_id, event_bodies::body));
    let bodies: Vec<Body> = match conn {
        Connection::Sqlite(c) => bodies.load(*c)?,
        Connection::Postgres(c) => {
            let (least, greatest) = bounds_of(ids);
            bodies
                .filter(event_bodies::event_id.between(least, greatest))
                .load(*c)?
        }
    };
    Ok(blank_theirs(sought, bodies))
}

/// The same; from here to the commit nobody relies on these bodies.
///
/// A test request that tells of an event is written down while its body is held
/// ([`lock_if_unchanged`]). So it is either there when the event's deliveries are
/// listed, or it finds the body blanked. That takes that the deliveries are looked
/// for in a statement after this one, which sees what was committed meanwhile.
///
/// Bodies are locked before deliveries and by id, and who writes a test down locks
/// one body and then only rows of its own: nobody waits in a circle. SQLite has
/// one writer, so that nothing is between the two.
///
/// [`lock_if_unchanged`]: crate::store::samples::lock_if_unchanged
fn lock_theirs(
    conn: &mut Connection<'_>,
    sought: &Sought,
    ids: &[Vec<u8>],
) -> Result<Vec<(EventId, Vec<u8>)>, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return list_theirs(conn, sought, ids);
    };
    let (least, greatest) = bounds_of(ids);
    let bodies: Vec<Body> = event_bodies::table
        .filter(event_bodies::event_id.eq_any(ids))
        .filter(event_bodies::event_id.between(least, greatest))
        .order(event_bodies::event_id)
        .select((event_bodies::event_id, event_bodies::body))
        .for_update()
        .load(*c)?;
    Ok(blank_theirs(sought, bodies))
}

fn blank_theirs(sought: &Sought, bodies: Vec<Body>) -> Vec<(EventId, Vec<u8>)> {
    bodies
        .into_iter()
        .filter_map(|(id, body)| Some((EventId::from_bytes(&id)?, sought.blank(&body)?)))
        .collect()
}

/// The deliveries of a locked event if all of them are over; from here to the commit
/// nobody makes one of them pending again. `None` while one is owed.
fn lock_over(
    conn: &mut Connection<'_>,
    event_id: EventId,
) -> Result<Option<Vec<Vec<u8>>>, DatabaseError> {
    // Their ids begin with the time of their event, so this is a short range.
    let (first, last) = DeliveryId::range_of_event(event_id);
    let of_event = || {
        deliveries::table
            .filter(deliveries::id.between(first.as_bytes(), last.as_bytes()))
            .filter(deliveries::event_id.eq(event_id.as_bytes()))
    };
    let is_owed: bool = on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        of_event().filter(is_still_pending())
    ))
    .get_result(c))?;
    if is_owed {
        return Ok(None);
    }
    let all = of_event()
        .order(deliveries::id)
        .select((deliveries::id, deliveries::state));
    let rows: Vec<(Vec<u8>, String)> = match conn {
        Connection::Sqlite(c) => all.load(*c)?,
        Connection::Postgres(c) => all.for_update().load(*c)?,
    };
    let is_over = |(_, state): &(Vec<u8>, String)| state != DeliveryState::Pending.as_str();
    Ok(rows
        .iter()
        .all(is_over)
        .then(|| rows.into_iter().map(|(id, _)| id).collect()))
}

fn erase_event(
    conn: &mut Connection<'_>,
    event_id: EventId,
    blanked: &[u8],
    delivery_ids: &[Vec<u8>],
) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| {
        diesel::update(event_bodies::table.find(event_id.as_bytes()))
            .set(event_bodies::body.eq(blanked))
            .execute(c)?;
        diesel::update(events::table.find(event_id.as_bytes()))
            .set(events::erased_at_us.eq(now_us))
            .execute(c)?;
        diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(delivery_ids))
                .filter(deliveries::erased_at_us.is_null()),
        )
        .set(deliveries::erased_at_us.eq(now_us))
        .execute(c)?;
    });
    delete_bodies(conn, delivery_ids)?;
    Ok(())
}

/// Deletes all that was sent and answered of these deliveries; answers how many attempts that were.
pub(super) fn delete_bodies(
    conn: &mut Connection<'_>,
    delivery_ids: &[Vec<u8>],
) -> Result<usize, DatabaseError> {
    let answers = on_backend!(conn, |c| diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(delivery_ids))
            .filter(deliveries::first_answer.is_not_null()),
    )
    .set(deliveries::first_answer.eq(None::<Vec<u8>>))
    .execute(c))?;
    Ok(answers + delete_attempt_bodies(conn, delivery_ids)?)
}

fn delete_attempt_bodies(
    conn: &mut Connection<'_>,
    delivery_ids: &[Vec<u8>],
) -> Result<usize, DatabaseError> {
    let theirs = attempt_bodies::table.filter(attempt_bodies::delivery_id.eq_any(delivery_ids));
    Ok(match conn {
        Connection::Sqlite(c) => diesel::delete(theirs).execute(*c)?,
        Connection::Postgres(c) => {
            let (least, greatest) = bounds_of(delivery_ids);
            let theirs = theirs.filter(attempt_bodies::delivery_id.between(least, greatest));
            diesel::delete(theirs).execute(*c)?
        }
    })
}
