//! Messages that could not be taken in.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::{Erased, Found, Sought, key_of, number_of};
use crate::schema::parked_events;

/// How many messages one look reads.
const ROWS: i64 = 100;

pub(super) fn find(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let after_id = after.and_then(number_of).unwrap_or(0);
    let rows: Vec<(i64, Vec<u8>)> = on_backend!(conn, |c| parked_events::table
        .filter(parked_events::id.gt(after_id))
        .order(parked_events::id)
        .limit(ROWS)
        .select((parked_events::id, parked_events::body))
        .load(c))?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < ROWS);
    let theirs = rows.iter().filter(|(_, body)| sought.blank(body).is_some());
    Ok(Found {
        keys: theirs.map(|(id, _)| key_of(*id)).collect(),
        waiting: 0,
        next: rows.last().filter(|_| !is_last).map(|(id, _)| key_of(*id)),
    })
}

pub(super) fn erase(
    conn: &mut Connection<'_>,
    sought: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    let ids: Vec<i64> = keys.iter().filter_map(|key| number_of(key)).collect();
    let rows: Vec<(i64, Vec<u8>, String)> = on_backend!(conn, |c| parked_events::table
        .filter(parked_events::id.eq_any(&ids))
        .order(parked_events::id)
        .select((
            parked_events::id,
            parked_events::body,
            parked_events::reason
        ))
        .load(c))?;
    let mut outcome = Erased::default();
    for (id, body, reason) in rows {
        let Some(blanked) = sought.blank(&body) else {
            continue;
        };
        // A database may quote the value that it refused.
        let reason = if sought.contacts.is_in(&reason) {
            "erased with the person whom it named".to_owned()
        } else {
            reason
        };
        on_backend!(conn, |c| diesel::update(parked_events::table.find(id))
            .set((
                parked_events::body.eq(&blanked),
                parked_events::reason.eq(&reason),
            ))
            .execute(c))?;
        outcome.erased += 1;
    }
    Ok(outcome)
}
