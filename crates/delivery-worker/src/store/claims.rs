//! Taking due deliveries: after the commit they are this worker's until its
//! lease ends.

mod all_at_once;
mod in_turn;
mod one_by_one;

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::min;
use diesel::prelude::*;

use super::deliveries::{is_pending, is_still_pending, not_held_by_a_live_worker};
use super::schema::{deliveries, webhook_lanes, workers};
use super::workers::has_others;
use crate::domain::webhook::WebhookId;
use crate::lane::Ask;
use crate::ordering::Patience;
pub(crate) use in_turn::{KeptLane, LateChange, PassedGap};

/// What sending needs to know of a claimed delivery.
#[derive(Debug, Clone, Queryable, QueryableByName, Selectable)]
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
    /// As what it is sent, where that is not what its event says.
    pub(crate) send_as: Option<String>,
}

/// One ask, and where the look for it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) ask: Ask,
    /// What was due before is claimed, as far as the asker knows. If there is less than
    /// was asked for from there on, all is looked at.
    pub(crate) from_us: Option<i64>,
}

/// By whom something is claimed, and when.
struct Claimer<'a> {
    worker: &'a [u8],
    now_us: i64,
    /// Whether there are other workers.
    others: bool,
}

/// The answer to one ask.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) ask: Ask,
    /// By due time.
    pub(crate) rows: Vec<ClaimedRow>,
    /// When the lane's next delivery is due that is not due yet.
    pub(crate) next_due_us: Option<i64>,
    /// Revisions that were not waited for any longer.
    pub(crate) gaps: Vec<PassedGap>,
    /// Changes that were skipped, because they came too late for their order.
    pub(crate) late: Vec<LateChange>,
}

/// Which lanes want a record's changes in order or its latest only, and how long
/// they wait for what is missing.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) lanes: HashMap<WebhookId, KeptLane>,
    pub(crate) patience: Patience,
}

/// Claims for each lane at most as many as it asked for; also returns the
/// database's time.
pub(crate) fn claim_due(
    conn: &mut Connection<'_>,
    worker: &[u8],
    looks: &[Look],
    kept: &Kept,
) -> Result<(i64, Vec<Claimed>), DatabaseError> {
    lock_lanes(conn, looks.iter().map(|look| look.ask.webhook.0))?;
    // Once the lanes are locked: a worker that enters later waits for them.
    let now_us = conn.now_us()?;
    let others = has_others(conn, worker, now_us)?;
    let (in_turn, plain): (Vec<Look>, Vec<Look>) = looks
        .iter()
        .partition(|look| kept.lanes.contains_key(&look.ask.webhook));
    let claimer = Claimer {
        worker,
        now_us,
        others,
    };
    let mut claimed = match conn {
        Connection::Sqlite(c) => one_by_one::claim(c, &claimer, &plain)?,
        Connection::Postgres(_) if plain.is_empty() => Vec::new(),
        Connection::Postgres(c) => all_at_once::claim(c, &claimer, &plain)?,
    };
    for Look { ask, .. } in in_turn {
        let Some(&lane) = kept.lanes.get(&ask.webhook) else {
            continue;
        };
        let claim = in_turn::Claim {
            worker,
            ask,
            lane,
            patience: kept.patience,
            now_us,
        };
        claimed.push(in_turn::claim(conn, &claim)?);
    }
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

/// Claims these as far as they are free.
pub(super) fn take(
    conn: &mut Connection<'_>,
    worker: &[u8],
    ids: &[Vec<u8>],
    now_us: i64,
) -> Result<Vec<ClaimedRow>, DatabaseError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(conn, |c| diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .filter(is_still_pending())
            .filter(not_held_by_a_live_worker(now_us)),
    )
    .set((
        deliveries::worker_id.eq(worker),
        deliveries::claim_no.eq(deliveries::claim_no + 1),
        deliveries::held_for.eq(None::<String>),
    ))
    .returning(ClaimedRow::as_returning())
    .get_results(c))?)
}

/// When the first delivery of a lane is due that is not due yet.
fn find_next_due(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    now_us: i64,
) -> Result<Option<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(is_pending())
        .filter(deliveries::due_at_us.gt(now_us))
        .select(min(deliveries::due_at_us))
        .first(c))?)
}

fn sort_by_due(rows: &mut [ClaimedRow]) {
    rows.sort_unstable_by(|a, b| (a.due_at_us, &a.id).cmp(&(b.due_at_us, &b.id)));
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
