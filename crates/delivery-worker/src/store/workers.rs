//! Who delivers, and until when that is certain.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::schema::workers;

/// How long ago a lease must have ended for its row to be removed.
const FORGET_AFTER_US: i64 = 3_600_000_000;

/// What a heartbeat found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// The database's time.
    pub(crate) now_us: i64,
    /// `None` if the lease had ended before; what was claimed under it may be
    /// another worker's by now.
    pub(crate) lease_until_us: Option<i64>,
    /// How many workers there are, this one included.
    pub(crate) live_workers: i64,
}

/// Enters a worker. `alone` says that no other process can be using this
/// database: whatever an earlier one claimed is free at once.
pub(crate) fn insert_worker(
    conn: &mut Connection<'_>,
    id: &[u8],
    lease_us: i64,
    alone: bool,
) -> Result<Heartbeat, DatabaseError> {
    let now_us = conn.now_us()?;
    let forget_before_us = if alone {
        i64::MAX
    } else {
        now_us - FORGET_AFTER_US
    };
    on_backend!(conn, |c| {
        diesel::delete(workers::table.filter(workers::lease_until_us.lt(forget_before_us)))
            .execute(c)?;
        diesel::insert_into(workers::table)
            .values((
                workers::id.eq(id),
                workers::lease_until_us.eq(now_us + lease_us),
                workers::started_at_us.eq(now_us),
            ))
            .execute(c)?;
    });
    Ok(Heartbeat {
        now_us,
        lease_until_us: Some(now_us + lease_us),
        live_workers: count_live(conn, now_us)?,
    })
}

/// Renews a lease that has not ended.
pub(crate) fn renew_worker(
    conn: &mut Connection<'_>,
    id: &[u8],
    lease_us: i64,
) -> Result<Heartbeat, DatabaseError> {
    let now_us = conn.now_us()?;
    let renewed = on_backend!(conn, |c| diesel::update(
        workers::table
            .find(id)
            .filter(workers::lease_until_us.gt(now_us))
    )
    .set(workers::lease_until_us.eq(now_us + lease_us))
    .execute(c))?;
    Ok(Heartbeat {
        now_us,
        lease_until_us: (renewed == 1).then_some(now_us + lease_us),
        live_workers: count_live(conn, now_us)?,
    })
}

/// Removes a worker: all that it had claimed is free.
pub(crate) fn delete_worker(conn: &mut Connection<'_>, id: &[u8]) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(workers::table.find(id)).execute(c))?;
    Ok(())
}

/// Whether any other worker may have claims at the moment.
pub(crate) fn has_others(
    conn: &mut Connection<'_>,
    id: &[u8],
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let other: Option<Vec<u8>> = on_backend!(conn, |c| workers::table
        .filter(workers::id.ne(id))
        .filter(workers::lease_until_us.gt(now_us))
        .select(workers::id)
        .first(c)
        .optional())?;
    Ok(other.is_some())
}

fn count_live(conn: &mut Connection<'_>, now_us: i64) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| workers::table
        .filter(workers::lease_until_us.gt(now_us))
        .count()
        .get_result(c))?)
}
