//! Events that every consumer has taken over, kept as the feed.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::{Erased, Found, Sought, key_of, number_of};
use crate::schema::{outbox_bodies, outbox_events};
use crate::state::published_through;

/// How many events one look reads.
const ROWS: i64 = 500;

/// Position, number and body of an event.
type Row = (i64, Option<i64>, Vec<u8>);

pub(super) fn find(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let through = published_through(conn)?;
    let after_seq = after.and_then(number_of).unwrap_or(0);
    let rows = list_numbered(conn, sought, after_seq)?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < ROWS);
    let mut found = Found {
        next: rows
            .last()
            .filter(|_| !is_last)
            .and_then(|(_, seq, _)| seq.map(key_of)),
        ..Found::default()
    };
    for (position, seq, body) in &rows {
        if sought.blank(body).is_none() {
            continue;
        }
        if seq.is_some_and(|seq| seq <= through) {
            found.keys.push(key_of(*position));
        } else {
            found.waiting += 1;
        }
    }
    if is_last {
        found.waiting += count_unnumbered(conn, sought)?;
    }
    Ok(found)
}

pub(super) fn erase(
    conn: &mut Connection<'_>,
    sought: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    // The relay may have been told to publish them once more.
    let through = published_through(conn)?;
    let positions: Vec<i64> = keys.iter().filter_map(|key| number_of(key)).collect();
    let rows: Vec<Row> = on_backend!(conn, |c| outbox_events::table
        .inner_join(outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position)))
        .filter(outbox_events::position.eq_any(&positions))
        .order(outbox_events::position)
        .select((
            outbox_events::position,
            outbox_events::seq,
            outbox_bodies::body,
        ))
        .load(c))?;
    let mut outcome = Erased::default();
    for (position, seq, body) in rows {
        let Some(blanked) = sought.blank(&body) else {
            continue;
        };
        if seq.is_none_or(|seq| seq > through) {
            outcome.waiting += 1;
            continue;
        }
        on_backend!(conn, |c| diesel::update(
            outbox_bodies::table.find(position)
        )
        .set(outbox_bodies::body.eq(&blanked))
        .execute(c))?;
        outcome.erased += 1;
    }
    Ok(outcome)
}

fn list_numbered(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after_seq: i64,
) -> Result<Vec<Row>, DatabaseError> {
    macro_rules! numbered {
        ($number:ident) => {
            outbox_events::table
                .inner_join(
                    outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position)),
                )
                .filter(outbox_events::account_id.eq(sought.account_id.0))
                .filter(outbox_events::$number.gt(after_seq))
                .order(outbox_events::$number)
                .limit(ROWS)
                .select((
                    outbox_events::position,
                    outbox_events::seq,
                    outbox_bodies::body,
                ))
        };
    }
    // On SQLite the number is the position; saying so keeps the range scan.
    Ok(match conn {
        Connection::Sqlite(c) => numbered!(position).load(*c)?,
        Connection::Postgres(c) => numbered!(seq).load(*c)?,
    })
}

/// How many events without a number are the person's. Of very many only the
/// oldest are read, and what is left of them counts as one.
fn count_unnumbered(conn: &mut Connection<'_>, sought: &Sought) -> Result<i64, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return Ok(0);
    };
    let bodies: Vec<Vec<u8>> = outbox_events::table
        .inner_join(outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position)))
        .filter(outbox_events::seq.is_null())
        .filter(outbox_events::account_id.eq(sought.account_id.0))
        .order(outbox_events::position)
        .limit(ROWS)
        .select(outbox_bodies::body)
        .load(*c)?;
    let theirs = bodies.iter().filter(|body| sought.blank(body).is_some());
    let theirs = i64::try_from(theirs.count()).unwrap_or(i64::MAX);
    let is_all = i64::try_from(bodies.len()).is_ok_and(|count| count < ROWS);
    Ok(theirs + i64::from(!is_all))
}
