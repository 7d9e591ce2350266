//! One step of a job: looks at what comes next and queues what is meant, in one
//! transaction. A worker that dies in it leaves nothing behind.

mod again;
mod events;
mod order;

use database::{Connection, DatabaseError};

use super::pace::{Pace, Progress};
use crate::domain::replay::{ReplayLane, ReplayState, Selection};
use crate::registry::{SendPlan, Webhook};
use crate::store::replays::lanes::{
    LaneStep, LockedLane, cancel_for_deletion, count_waiting, lock_lane, save_step,
};

/// How many events or deliveries one step looks at.
const LOOKED_AT: i64 = 500;
/// How many events one step reads in full before it looks whether it has enough.
const READ_AT_ONCE: usize = 64;
/// When a webhook is looked at again whose settings cannot be read.
const UNUSABLE_PAUSE_US: i64 = 1_000_000;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stepped {
    /// Another worker took it.
    NotDue,
    /// So many deliveries are due because of it.
    Queued(i64),
    /// The job has nothing more to do for the webhook.
    Ended,
}

/// What a step works with.
#[derive(Debug, Clone, Copy)]
struct Terms<'a> {
    lane: ReplayLane,
    locked: &'a LockedLane,
    webhook: &'a Webhook,
    /// How many deliveries may be queued.
    room: i64,
    /// Whether the webhook takes a record's revisions in their order only, and
    /// nobody takes responsibility for an older one.
    newest_only: Option<order::Newest>,
    expire_after_us: i64,
    now_us: i64,
}

/// What was looked at.
#[derive(Debug, Clone, Default)]
struct Looked {
    position: Option<Vec<u8>>,
    examined: i64,
    queued: i64,
    skipped: i64,
    /// Nothing comes behind.
    is_end: bool,
}

/// Takes the next step of a lane of a job. Bears to be run again.
pub(crate) fn step(
    conn: &mut Connection<'_>,
    lane: ReplayLane,
    webhook: &Webhook,
    expire_after_us: i64,
) -> Result<Stepped, DatabaseError> {
    let now_us = conn.now_us()?;
    let Some(locked) = lock_lane(conn, lane, now_us)? else {
        return Ok(Stepped::NotDue);
    };
    let is_running = locked.job.state() == Some(ReplayState::Running);
    if !is_running || webhook.is_deleted || webhook.account_id != locked.account_id() {
        if is_running && locked.job.webhook_id.is_some() {
            cancel_for_deletion(conn, lane.replay, now_us)?;
        }
        save_step(conn, lane, &LaneStep::default(), now_us)?;
        return Ok(Stepped::Ended);
    }
    let Ok(plan) = &webhook.plan else {
        let later = LaneStep {
            next_step_us: Some(now_us + UNUSABLE_PAUSE_US),
            ..LaneStep::default()
        };
        save_step(conn, lane, &later, now_us)?;
        return Ok(Stepped::Queued(0));
    };
    let selection = locked.job.selection()?;
    let pace = Pace {
        slots: plan.max_concurrency,
        rate_per_second: slowest(locked.job.rate_per_second, plan),
    };
    let waiting = count_waiting(conn, lane, pace.window(), now_us)?;
    let terms = Terms {
        lane,
        locked: &locked,
        webhook,
        room: pace.room(waiting, now_us.saturating_sub(locked.last_queued_us)),
        newest_only: order::Newest::of(plan).filter(|_| !selection.force()),
        expire_after_us,
        now_us,
    };
    let looked = if terms.room == 0 {
        Looked::default()
    } else {
        match &selection {
            Selection::Replay(selection) => events::queue(conn, terms, selection)?,
            Selection::Retry(selection) => again::queue(conn, terms, selection)?,
        }
    };
    finish(conn, terms, pace, looked)
}

/// Writes down what was looked at, and when to go on.
fn finish(
    conn: &mut Connection<'_>,
    terms: Terms<'_>,
    pace: Pace,
    looked: Looked,
) -> Result<Stepped, DatabaseError> {
    let progress = Progress {
        queued: looked.queued,
        has_room: looked.queued < terms.room,
    };
    let next_step_us = pace.next_step_us(progress, terms.now_us, terms.locked.last_queued_us);
    let step = LaneStep {
        position: looked.position,
        examined: looked.examined,
        queued: looked.queued,
        skipped: looked.skipped,
        next_step_us: (!looked.is_end).then_some(next_step_us),
    };
    save_step(conn, terms.lane, &step, terms.now_us)?;
    Ok(match (looked.is_end, looked.queued) {
        (true, 0) => Stepped::Ended,
        (_, queued) => Stepped::Queued(queued),
    })
}

/// What the job or the webhook asks for, whichever is less.
fn slowest(of_job: Option<i64>, plan: &SendPlan) -> Option<i64> {
    let of_webhook = plan.rate_per_second.map(i64::from);
    match (of_job, of_webhook) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
