//! Requests and answers that came into the log after it was erased.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use outbox::erasure::{Erased, Found, Sought};

use super::told::delete_bodies;
use crate::store::schema::{attempt_bodies, deliveries};

/// How many deliveries one look finds.
const ROWS: i64 = 500;

pub(super) fn find(
    conn: &mut Connection<'_>,
    sought: &Sought,
    after: Option<&[u8]>,
) -> Result<Found, DatabaseError> {
    let keys: Vec<Vec<u8>> = on_backend!(conn, |c| deliveries::table
        .left_join(attempt_bodies::table.on(attempt_bodies::delivery_id.eq(deliveries::id)))
        .filter(deliveries::erased_at_us.is_not_null())
        .filter(
            attempt_bodies::claim_no
                .is_not_null()
                .or(deliveries::first_answer.is_not_null())
        )
        .filter(deliveries::account_id.eq(sought.account_id.0))
        .filter(deliveries::id.gt(after.unwrap_or_default()))
        .order(deliveries::id)
        .limit(ROWS)
        .select(deliveries::id)
        .distinct()
        .load(c))?;
    let is_last = i64::try_from(keys.len()).is_ok_and(|count| count < ROWS);
    Ok(Found {
        next: keys.last().filter(|_| !is_last).cloned(),
        keys,
        waiting: 0,
    })
}

pub(super) fn erase(
    conn: &mut Connection<'_>,
    _sought: &Sought,
    keys: &[Vec<u8>],
) -> Result<Erased, DatabaseError> {
    let removed = delete_bodies(conn, keys)?;
    Ok(Erased {
        erased: i64::try_from(removed).unwrap_or(i64::MAX),
        waiting: 0,
    })
}
