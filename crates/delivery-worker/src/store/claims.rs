//! Taking due deliveries: after the commit they are this worker's until its
//! lease ends.

mod all_at_once;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::{min, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel::sqlite::SqliteConnection;

use super::deliveries::{is_pending, not_held_by_a_live_worker};
use super::schema::{deliveries, webhook_lanes, workers};
use super::workers::has_others;
use crate::lane::Ask;

/// What sending needs to know of a claimed delivery.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries)]
pub(crate) struct ClaimedRow {
    pub(crate) id: Vec<u8>,
    pub(crate) event_id: Option<Vec<u8>>,
    pub(crate) component: String,
    pub(crate) record_id: Option<i64>,
    pub(crate) due_at_us: i64,
    pub(crate) attempts: i64,
    pub(crate) claim_no: i64,
    pub(crate) expires_at_us: i64,
}

/// The answer to one ask.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) ask: Ask,
    /// By due time.
    pub(crate) rows: Vec<ClaimedRow>,
    /// When the lane's next delivery is due that is not due yet.
    pub(crate) next_due_us: Option<i64>,
}

/// Claims for each lane at most as many as it asked for; also returns the
/// database's time.
pub(crate) fn claim_due(
    conn: &mut Connection<'_>,
    worker: &[u8],
    asks: &[Ask],
) -> Result<(i64, Vec<Claimed>), DatabaseError> {
    lock_lanes(conn, asks.iter().map(|ask| ask.webhook.0))?;
    // Once the lanes are locked: a worker that enters later waits for them.
    let (now_us, others) = has_others(conn, worker)?;
    let claimed = match conn {
        Connection::Sqlite(c) => asks
            .iter()
            .map(|&ask| claim_lane(c, worker, ask, now_us, others))
            .collect::<Result<_, _>>()?,
        Connection::Postgres(c) => all_at_once::claim(c, worker, asks, now_us, others)?,
    };
    Ok((now_us, claimed))
}

/// Makes workers that claim for the same lanes wait for one another, so that
/// each sees the other's claims. SQLite has one writer anyway.
pub(crate) fn lock_lanes(
    conn: &mut Connection<'_>,
    webhooks: impl Iterator<Item = i64>,
) -> Result<(), DatabaseError> {
    if let Connection::Postgres(c) = conn {
        let ids: Vec<i64> = webhooks.collect();
        webhook_lanes::table
            .filter(webhook_lanes::webhook_id.eq_any(&ids))
            .order(webhook_lanes::webhook_id)
            .select(webhook_lanes::webhook_id)
            .for_update()
            .load::<i64>(*c)?;
    }
    Ok(())
}

/// One lane after the other: a prepared statement that stays in the process
/// costs little.
fn claim_lane(
    conn: &mut SqliteConnection,
    worker: &[u8],
    ask: Ask,
    now_us: i64,
    others: bool,
) -> Result<Claimed, DatabaseError> {
    let limit = i64::try_from(ask.limit).unwrap_or(i64::MAX);
    let due = || {
        deliveries::table
            .filter(deliveries::webhook_id.eq(ask.webhook.0))
            .filter(is_pending())
            .filter(deliveries::due_at_us.le(now_us))
            .filter(not_held_by_a_live_worker(now_us))
            .order(deliveries::due_at_us)
            .limit(limit)
            .select(deliveries::id)
    };
    let ids: Vec<Vec<u8>> = if others {
        due()
            .filter(no_other_worker_has_the_record(worker, now_us))
            .load(conn)?
    } else {
        due().load(conn)?
    };
    let mut rows: Vec<ClaimedRow> = diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(&ids))
            .filter(is_pending())
            .filter(not_held_by_a_live_worker(now_us)),
    )
    .set((
        deliveries::worker_id.eq(worker),
        deliveries::claim_no.eq(deliveries::claim_no + 1),
    ))
    .returning(ClaimedRow::as_returning())
    .get_results(conn)?;
    sort_by_due(&mut rows);
    let next_due_us: Option<i64> = deliveries::table
        .filter(deliveries::webhook_id.eq(ask.webhook.0))
        .filter(is_pending())
        .filter(deliveries::due_at_us.gt(now_us))
        .select(min(deliveries::due_at_us))
        .first(conn)?;
    Ok(Claimed {
        ask,
        rows,
        next_due_us,
    })
}

fn sort_by_due(rows: &mut [ClaimedRow]) {
    rows.sort_unstable_by(|a, b| (a.due_at_us, &a.id).cmp(&(b.due_at_us, &b.id)));
}

/// Whether no delivery of the same record is another worker's.
fn no_other_worker_has_the_record(worker: &[u8], now_us: i64) -> SqlLiteral<Bool> {
    let me: String = worker.iter().map(|byte| format!("{byte:02x}")).collect();
    sql(&format!(
        "NOT EXISTS (SELECT 1 FROM deliveries o JOIN workers w ON w.id = o.worker_id \
         WHERE o.webhook_id = deliveries.webhook_id AND o.record_id = deliveries.record_id \
         AND o.component = deliveries.component AND o.state = 'pending' \
         AND w.id <> x'{me}' AND w.lease_until_us > {now_us})"
    ))
}

/// The records of these webhooks, out of these, that other workers have.
pub(crate) fn list_records_of_others(
    conn: &mut Connection<'_>,
    worker: &[u8],
    webhooks: &[i64],
    records: &[i64],
    now_us: i64,
) -> Result<Vec<(i64, String, i64)>, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .inner_join(workers::table.on(deliveries::worker_id.eq(workers::id.nullable())))
        .filter(deliveries::webhook_id.eq_any(webhooks))
        .filter(deliveries::record_id.eq_any(records))
        .filter(is_pending())
        .filter(workers::id.ne(worker))
        .filter(workers::lease_until_us.gt(now_us))
        .select((
            deliveries::webhook_id,
            deliveries::component,
            deliveries::record_id.assume_not_null(),
        ))
        .load(c))?)
}
