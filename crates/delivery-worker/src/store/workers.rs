//! Who delivers, and until when that is certain.

use database::{Connection, DatabaseError, on_backend};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::schema::workers;

/// How long ago a lease must have ended for its row to be removed.
const FORGET_AFTER_US: i64 = 3_600_000_000;
/// The lease of workers that do not write down when their heartbeat came.
const OLDER_LEASE_US: i64 = 8_000_000;

/// For how long a worker counts as alive after a heartbeat, microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeaseLengths {
    /// Of one that delivers.
    pub(crate) whole_us: i64,
    /// Of one that enters where others are, and has nothing yet.
    pub(crate) joining_us: i64,
}

/// What a heartbeat found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// The database's time.
    pub(crate) now_us: i64,
    /// `None` if the lease had ended before; what was claimed under it may be
    /// another worker's by now.
    pub(crate) lease_until_us: Option<i64>,
    /// The other workers whose leases have not ended.
    pub(crate) others: Vec<OtherWorker>,
}

impl Heartbeat {
    /// How long the lease lasts from this heartbeat on; nothing if it had ended.
    pub(crate) fn lease_us(&self) -> i64 {
        self.lease_until_us
            .map_or(0, |until_us| until_us - self.now_us)
    }

    /// In what time the first of the other workers' leases ends, if none is renewed.
    pub(crate) fn first_end_us(&self) -> Option<i64> {
        let ends = self.others.iter().map(|other| other.lease_until_us);
        ends.min().map(|until_us| until_us - self.now_us)
    }
}

/// Another live worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherWorker {
    pub(crate) id: Vec<u8>,
    /// When it entered.
    pub(crate) started_at_us: i64,
    pub(crate) lease_until_us: i64,
    /// Its last heartbeat. From then on it counts every worker that had
    /// entered by then.
    pub(crate) renewed_at_us: i64,
}

/// Enters a worker. `alone` says that no other process can be using this
/// database: whatever an earlier one claimed is free at once.
pub(crate) fn insert_worker(
    conn: &mut Connection<'_>,
    id: &[u8],
    leases: LeaseLengths,
    alone: bool,
) -> Result<Heartbeat, DatabaseError> {
    one_heartbeat_at_a_time(conn)?;
    let now_us = conn.now_us()?;
    let forget_before_us = if alone {
        i64::MAX
    } else {
        now_us - FORGET_AFTER_US
    };
    on_backend!(conn, |c| diesel::delete(
        workers::table.filter(workers::lease_until_us.lt(forget_before_us))
    )
    .execute(c))?;
    let others = list_others(conn, id, now_us)?;
    let lease_until_us = now_us
        + match others.is_empty() {
            true => leases.whole_us,
            false => leases.joining_us,
        };
    on_backend!(conn, |c| diesel::insert_into(workers::table)
        .values((
            workers::id.eq(id),
            workers::lease_until_us.eq(lease_until_us),
            workers::started_at_us.eq(now_us),
            workers::renewed_at_us.eq(now_us),
        ))
        .execute(c))?;
    Ok(Heartbeat {
        now_us,
        lease_until_us: Some(lease_until_us),
        others,
    })
}

/// Renews a lease that has not ended.
pub(crate) fn renew_worker(
    conn: &mut Connection<'_>,
    id: &[u8],
    lease_us: i64,
) -> Result<Heartbeat, DatabaseError> {
    one_heartbeat_at_a_time(conn)?;
    let now_us = conn.now_us()?;
    let renewed = on_backend!(conn, |c| diesel::update(
        workers::table
            .find(id)
            .filter(workers::lease_until_us.gt(now_us))
    )
    .set((
        workers::lease_until_us.eq(now_us + lease_us),
        workers::renewed_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(Heartbeat {
        now_us,
        lease_until_us: (renewed == 1).then_some(now_us + lease_us),
        others: list_others(conn, id, now_us)?,
    })
}

/// Removes a worker: all that it had claimed is free.
pub(crate) fn delete_worker(conn: &mut Connection<'_>, id: &[u8]) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(workers::table.find(id)).execute(c))?;
    Ok(())
}

/// Whether any other worker may have claims, or had some at this time. To be asked
/// while the lanes are locked that are claimed for: a worker that enters later
/// waits for them, and then sees the claims.
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

/// Makes heartbeats wait for one another, so that of any two workers the later
/// one counts the earlier one, and their times say which is which. Who only
/// reads does not wait. SQLite has one writer anyway.
fn one_heartbeat_at_a_time(conn: &mut Connection<'_>) -> Result<(), DatabaseError> {
    if let Connection::Postgres(c) = conn {
        c.batch_execute("LOCK TABLE workers IN SHARE ROW EXCLUSIVE MODE")?;
    }
    Ok(())
}

fn list_others(
    conn: &mut Connection<'_>,
    id: &[u8],
    now_us: i64,
) -> Result<Vec<OtherWorker>, DatabaseError> {
    let rows: Vec<(Vec<u8>, i64, i64, Option<i64>)> = on_backend!(conn, |c| workers::table
        .filter(workers::id.ne(id))
        .filter(workers::lease_until_us.gt(now_us))
        .order(workers::id)
        .select((
            workers::id,
            workers::started_at_us,
            workers::lease_until_us,
            workers::renewed_at_us,
        ))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(
            |(id, started_at_us, lease_until_us, renewed_at_us)| OtherWorker {
                id,
                started_at_us,
                lease_until_us,
                renewed_at_us: renewed_at_us.unwrap_or(lease_until_us - OLDER_LEASE_US),
            },
        )
        .collect())
}
