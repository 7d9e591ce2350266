//! How far a job is with one webhook, and the steps of that.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use events::AccountId;

use super::ReplayRow;
use crate::domain::replay::{ReplayId, ReplayLane, ReplayState, WEBHOOK_DELETED};
use crate::domain::webhook::WebhookId;
use crate::replay::pace::{MAX_WAITING, Waiting};
use crate::store::schema::{replay_lanes, replays};

/// What there is to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Agenda {
    /// The database's time.
    pub(crate) now_us: i64,
    /// Lanes whose next step is due, the longest first.
    pub(crate) due: Vec<ReplayLane>,
    /// When the next one is due.
    pub(crate) next_step_us: Option<i64>,
    /// Whether any job is not over.
    pub(crate) has_open: bool,
}

/// What there is to do now; at most so many lanes.
pub(crate) fn read_agenda(
    conn: &mut Connection<'_>,
    max_lanes: usize,
) -> Result<Agenda, DatabaseError> {
    let now_us = conn.now_us()?;
    let open: Option<i64> = on_backend!(conn, |c| replays::table
        .filter(replays::finished_at_us.is_null())
        .select(replays::id)
        .first(c)
        .optional())?;
    if open.is_none() {
        return Ok(Agenda {
            now_us,
            ..Agenda::default()
        });
    }
    let limit = i64::try_from(max_lanes).unwrap_or(i64::MAX);
    let first: Vec<(i64, i64, i64)> = on_backend!(conn, |c| replay_lanes::table
        .filter(replay_lanes::next_step_us.is_not_null())
        .order(replay_lanes::next_step_us)
        .limit(limit)
        .select((
            replay_lanes::replay_id,
            replay_lanes::webhook_id,
            replay_lanes::next_step_us.assume_not_null(),
        ))
        .load(c))?;
    let lane = |(replay, webhook, _)| ReplayLane {
        replay: ReplayId(replay),
        webhook: WebhookId(webhook),
    };
    Ok(Agenda {
        now_us,
        next_step_us: first
            .iter()
            .map(|(_, _, at_us)| *at_us)
            .find(|at_us| *at_us > now_us),
        due: first
            .into_iter()
            .filter(|(_, _, at_us)| *at_us <= now_us)
            .map(lane)
            .collect(),
        has_open: true,
    })
}

/// A lane whose step is this transaction's.
#[derive(Debug, Clone)]
pub(crate) struct LockedLane {
    pub(crate) job: ReplayRow,
    /// The last event or delivery that was looked at.
    pub(crate) position: Vec<u8>,
    pub(crate) last_queued_us: i64,
}

impl LockedLane {
    /// Whose it is.
    pub(crate) fn account_id(&self) -> AccountId {
        AccountId(self.job.account_id)
    }
}

/// Takes a step that is due; `None` if another worker has it, or had it.
pub(crate) fn lock_lane(
    conn: &mut Connection<'_>,
    lane: ReplayLane,
    now_us: i64,
) -> Result<Option<LockedLane>, DatabaseError> {
    let row = || {
        replay_lanes::table
            .find((lane.replay.0, lane.webhook.0))
            .filter(replay_lanes::next_step_us.le(now_us).assume_not_null())
            .select((replay_lanes::position, replay_lanes::last_queued_us))
    };
    let found: Option<(Vec<u8>, i64)> = match conn {
        // It has one writer.
        Connection::Sqlite(c) => row().first(*c).optional()?,
        Connection::Postgres(c) => row().for_update().skip_locked().first(*c).optional()?,
    };
    let Some((position, last_queued_us)) = found else {
        return Ok(None);
    };
    let job = on_backend!(conn, |c| replays::table
        .find(lane.replay.0)
        .select(ReplayRow::as_select())
        .first(c))?;
    Ok(Some(LockedLane {
        job,
        position,
        last_queued_us,
    }))
}

/// What a step changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct LaneStep {
    /// Where it came to, if it looked at anything.
    pub(crate) position: Option<Vec<u8>>,
    /// How many events or deliveries it looked at.
    pub(crate) examined: i64,
    /// How many it queued.
    pub(crate) queued: i64,
    /// How many were meant and could not be queued.
    pub(crate) skipped: i64,
    /// When to go on; `None` at the end.
    pub(crate) next_step_us: Option<i64>,
}

/// Writes down what a step came to.
pub(crate) fn save_step(
    conn: &mut Connection<'_>,
    lane: ReplayLane,
    step: &LaneStep,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let row = replay_lanes::table.find((lane.replay.0, lane.webhook.0));
    let has_moved = step.examined > 0 || step.next_step_us.is_none();
    on_backend!(conn, |c| {
        diesel::update(row)
            .set((
                step.position
                    .as_ref()
                    .map(|position| replay_lanes::position.eq(position)),
                replay_lanes::examined.eq(replay_lanes::examined + step.examined),
                replay_lanes::queued.eq(replay_lanes::queued + step.queued),
                replay_lanes::skipped.eq(replay_lanes::skipped + step.skipped),
                replay_lanes::next_step_us.eq(step.next_step_us),
                (step.queued > 0).then_some(replay_lanes::last_queued_us.eq(now_us)),
            ))
            .execute(c)?;
        if has_moved {
            diesel::update(replays::table.find(lane.replay.0))
                .set(replays::updated_at_us.eq(now_us))
                .execute(c)?;
        }
    });
    Ok(())
}

/// Ends a replay whose webhook was deleted.
pub(crate) fn cancel_for_deletion(
    conn: &mut Connection<'_>,
    id: ReplayId,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        replays::table
            .find(id.0)
            .filter(replays::state.eq(ReplayState::Running.as_str()))
    )
    .set((
        replays::state.eq(ReplayState::Cancelling.as_str()),
        replays::reason.eq(WEBHOOK_DELETED),
        replays::updated_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(())
}

#[derive(QueryableByName)]
struct WaitingRow {
    #[diesel(sql_type = BigInt)]
    due: i64,
    #[diesel(sql_type = BigInt)]
    of_job: i64,
    #[diesel(sql_type = BigInt)]
    aside: i64,
}

/// What waits in the lane; counted no further than `most_due` and
/// [`MAX_WAITING`].
pub(crate) fn count_waiting(
    conn: &mut Connection<'_>,
    lane: ReplayLane,
    most_due: i64,
    now_us: i64,
) -> Result<Waiting, DatabaseError> {
    let ReplayLane { replay, webhook } = lane;
    let query = format!(
        "SELECT (SELECT count(*) FROM (SELECT 1 AS one FROM deliveries
                 WHERE webhook_id = {webhook} AND state = 'pending' AND due_at_us <= {now_us}
                 LIMIT {most_due}) AS d) AS due,
            count(*) AS of_job,
            count(CASE WHEN j.due_at_us > {now_us} THEN 1 END) AS aside
         FROM (SELECT due_at_us FROM deliveries
               WHERE replay_id = {replay} AND webhook_id = {webhook} AND state = 'pending'
               LIMIT {MAX_WAITING}) AS j"
    );
    let row: WaitingRow = on_backend!(conn, |c| diesel::sql_query(&query).get_result(c))?;
    Ok(Waiting {
        due: row.due,
        of_job: row.of_job,
        aside: row.aside,
    })
}
