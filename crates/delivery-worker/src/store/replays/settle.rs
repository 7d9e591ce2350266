//! Jobs on their way to their end.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::{ReplayRow, count_by_state};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::replay::ReplayState;
use crate::store::claims::lock_lanes;
use crate::store::deliveries::{is_still_pending, not_held_by_a_live_worker};
use crate::store::record_order::free_after;
use crate::store::schema::{deliveries, replay_lanes, replays};

/// What a delivery says that was taken back.
const CANCELLED: &str = "the replay that it was queued by was cancelled";
/// How many jobs one look settles.
const JOBS: i64 = 50;

/// What a look came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settled {
    /// Jobs that are over now, and how.
    pub(crate) ended: Vec<(i64, ReplayState)>,
    /// Where the next look goes on; `None` from the first job.
    pub(crate) after: Option<i64>,
}

/// Brings jobs whose lanes are at their end, and those that were cancelled, nearer to
/// their own end: those with greater ids than `after`.
pub(crate) fn settle_replays(
    conn: &mut Connection<'_>,
    after: Option<i64>,
) -> Result<Settled, DatabaseError> {
    let now_us = conn.now_us()?;
    let locked = lock_lanes_of_cancelled(conn)?;
    let is_queued = sql_bool(
        "NOT EXISTS (SELECT 1 FROM replay_lanes l
         WHERE l.replay_id = replays.id AND l.next_step_us IS NOT NULL)",
    );
    on_backend!(conn, |c| diesel::update(
        replays::table
            .filter(replays::finished_at_us.is_null())
            .filter(replays::state.eq(ReplayState::Running.as_str()))
            .filter(is_queued)
    )
    .set((
        replays::state.eq(ReplayState::Finishing.as_str()),
        replays::updated_at_us.eq(now_us),
    ))
    .execute(c))?;
    let states = [ReplayState::Finishing, ReplayState::Cancelling].map(ReplayState::as_str);
    let rows: Vec<ReplayRow> = on_backend!(conn, |c| replays::table
        .filter(replays::finished_at_us.is_null())
        .filter(replays::id.gt(after.unwrap_or(0)))
        .filter(replays::state.eq_any(states))
        .order(replays::id)
        .limit(JOBS)
        .select(ReplayRow::as_select())
        .load(c))?;
    let mut settled = Settled::default();
    if i64::try_from(rows.len()).is_ok_and(|count| count == JOBS) {
        settled.after = rows.last().map(|row| row.id);
    }
    for row in rows {
        let end = match row.state() {
            // Cancelled since the lanes were locked: that is for the next look.
            Some(ReplayState::Cancelling)
                if row.webhook_id.is_some_and(|it| !locked.contains(&it)) =>
            {
                continue;
            }
            Some(ReplayState::Cancelling) => {
                take_back(conn, &row, now_us)?;
                ReplayState::Cancelled
            }
            _ => ReplayState::Done,
        };
        if !is_owed(conn, &row)? && finish(conn, &row, end, now_us)? {
            settled.ended.push((row.id, end));
        }
    }
    Ok(settled)
}

/// Locks the lanes that deliveries are taken back from, so that nobody puts one
/// aside meanwhile that would wait for them; returns their webhooks. Lanes come
/// before all else, and all at once.
fn lock_lanes_of_cancelled(conn: &mut Connection<'_>) -> Result<Vec<i64>, DatabaseError> {
    let webhooks: Vec<Option<i64>> = on_backend!(conn, |c| replays::table
        .filter(replays::finished_at_us.is_null())
        .filter(replays::state.eq(ReplayState::Cancelling.as_str()))
        .filter(replays::webhook_id.is_not_null())
        .select(replays::webhook_id)
        .distinct()
        .load(c))?;
    let webhooks: Vec<i64> = webhooks.into_iter().flatten().collect();
    lock_lanes(conn, webhooks.iter().copied())?;
    Ok(webhooks)
}

/// Stops a job, and ends those of its deliveries that nobody has. What a retry made
/// due was owed before it, or goes on under its own id: that stays.
fn take_back(conn: &mut Connection<'_>, row: &ReplayRow, now_us: i64) -> Result<(), DatabaseError> {
    let ids: Vec<Vec<u8>> = on_backend!(conn, |c| {
        // A step that is being taken is waited for: what it queued is found below.
        diesel::update(
            replay_lanes::table
                .filter(replay_lanes::replay_id.eq(row.id))
                .filter(replay_lanes::next_step_us.is_not_null()),
        )
        .set(replay_lanes::next_step_us.eq(None::<i64>))
        .execute(c)?;
        diesel::update(
            deliveries::table
                .filter(deliveries::replay_id.eq(row.id))
                .filter(is_still_pending())
                .filter(deliveries::origin.eq(Origin::Replay.as_str()))
                .filter(not_held_by_a_live_worker(now_us))
                .filter(sql_bool(
                    "(SELECT r.kind FROM replays r WHERE r.id = deliveries.replay_id) = 'replay'",
                )),
        )
        .set((
            deliveries::state.eq(DeliveryState::Skipped.as_str()),
            deliveries::worker_id.eq(None::<Vec<u8>>),
            deliveries::held_for.eq(None::<String>),
            deliveries::last_error.eq(CANCELLED),
            deliveries::finished_at_us.eq(now_us),
        ))
        .returning(deliveries::id)
        .get_results(c)?
    });
    let ended: Vec<DeliveryId> = ids
        .iter()
        .filter_map(|id| DeliveryId::from_bytes(id))
        .collect();
    // What waited for them in the order of its record need not any longer.
    free_after(conn, &ended, now_us)?;
    Ok(())
}

/// Whether any delivery of a job is still to be sent. A retry that was cancelled is
/// over at once.
fn is_owed(conn: &mut Connection<'_>, row: &ReplayRow) -> Result<bool, DatabaseError> {
    if row.webhook_id.is_none() && row.state() == Some(ReplayState::Cancelling) {
        return Ok(false);
    }
    // By webhook, so that each is one look into the index.
    let owed = replay_lanes::table
        .filter(replay_lanes::replay_id.eq(row.id))
        .filter(sql_bool(
            "EXISTS (SELECT 1 FROM deliveries d WHERE d.replay_id = replay_lanes.replay_id
             AND d.webhook_id = replay_lanes.webhook_id AND d.state = 'pending')",
        ));
    Ok(on_backend!(conn, |c| diesel::select(diesel::dsl::exists(
        owed
    ))
    .get_result(c))?)
}

/// Writes down that a job is over; `false` if another worker did.
fn finish(
    conn: &mut Connection<'_>,
    row: &ReplayRow,
    end: ReplayState,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let totals = count_by_state(conn, &[row.id])?.remove(&row.id);
    let totals = serde_json::to_value(totals.unwrap_or_default()).map_err(|error| {
        DatabaseError::Refused(diesel::result::Error::SerializationError(error.into()))
    })?;
    let updated = on_backend!(conn, |c| diesel::update(
        replays::table
            .find(row.id)
            .filter(replays::state.eq(&row.state))
            .filter(replays::finished_at_us.is_null())
    )
    .set((
        replays::state.eq(end.as_str()),
        replays::totals.eq(&totals),
        replays::updated_at_us.eq(now_us),
        replays::finished_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(updated == 1)
}

/// Removes jobs that were over before this time, at most so many; returns how many.
pub(crate) fn delete_replays(
    conn: &mut Connection<'_>,
    finished_before_us: i64,
    limit: i64,
) -> Result<usize, DatabaseError> {
    on_backend!(conn, |c| {
        let ids: Vec<i64> = replays::table
            .filter(replays::finished_at_us.lt(finished_before_us))
            .order(replays::id)
            .limit(limit)
            .select(replays::id)
            .load(c)?;
        diesel::delete(replay_lanes::table.filter(replay_lanes::replay_id.eq_any(&ids)))
            .execute(c)?;
        Ok(diesel::delete(replays::table.filter(replays::id.eq_any(&ids))).execute(c)?)
    })
}

fn sql_bool(text: &'static str) -> diesel::expression::SqlLiteral<Bool> {
    diesel::dsl::sql(text)
}
