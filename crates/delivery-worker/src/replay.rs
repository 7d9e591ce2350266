//! Sending again, as a job: behind live traffic, by whichever worker is there.
//!
//! A job is rows: what was asked for, and how far it is with each webhook. Any worker
//! takes the next step that is due, in one transaction that looks at a bounded part of
//! the events and queues a few deliveries; lanes send those like all others. So a job
//! survives its worker, and nothing of it is held in memory.

pub(crate) mod pace;
mod step;
pub(crate) mod time_prefix;

use std::sync::Arc;
use std::time::Duration;

use database::{Connection, DatabaseError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::replay::ReplayLane;
use crate::engine::{Engine, micros};
use crate::store::replays::lanes::{Agenda, read_agenda};
use crate::store::replays::settle::{delete_replays, settle_replays};
use step::{Stepped, step};

/// How many lanes of jobs one look goes on with.
const MAX_LANES: usize = 32;
/// How long nothing is looked at if nothing happens, and how often it is looked at
/// which jobs are over.
const PERIOD: Duration = Duration::from_secs(1);
/// How long to wait where other workers have all the steps that are due.
const TAKEN_PAUSE: Duration = Duration::from_millis(20);
/// How long to wait before a database that failed is tried again, and where another
/// transaction was in the way.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);

/// How often jobs are removed that were over long ago, and how many at once.
const FORGET_PERIOD: Duration = Duration::from_secs(60 * 60);
const FORGOTTEN_AT_ONCE: i64 = 20;

/// Works on jobs until `cancel`.
pub(crate) async fn run_replays(engine: Arc<Engine>, cancel: CancellationToken) {
    let mut settling = Settling::default();
    let mut forgot_at: Option<Instant> = None;
    while !cancel.is_cancelled() {
        let pause = match work(&engine, &mut settling).await {
            Ok(pause) => {
                engine.trouble.replay.over();
                pause
            }
            Err(DatabaseError::Conflict(error)) => {
                tracing::debug!(%error, "a step of a replay gave way to another transaction");
                FAILURE_PAUSE
            }
            Err(error) => {
                engine.trouble.replay.failed(&error);
                FAILURE_PAUSE
            }
        };
        if forgot_at.is_none_or(|at| at.elapsed() >= FORGET_PERIOD) {
            forgot_at = Some(Instant::now());
            if let Err(error) = forget(&engine).await {
                tracing::debug!(%error, "old replays could not be removed");
            }
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = engine.replay_wake.notified() => settling.is_due = true,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Removes jobs that were over as long ago as deliveries are kept.
async fn forget(engine: &Engine) -> Result<(), DatabaseError> {
    let keep_us = micros(engine.config.keep_deliveries);
    let removed_all = move |conn: &mut Connection<'_>| {
        let before_us = conn.now_us()?.saturating_sub(keep_us);
        let removed = delete_replays(conn, before_us, FORGOTTEN_AT_ONCE)?;
        Ok::<_, DatabaseError>(i64::try_from(removed).is_ok_and(|it| it < FORGOTTEN_AT_ONCE))
    };
    while !engine.database.write(removed_all).await? {}
    Ok(())
}

/// Which jobs are over is looked at now and then.
#[derive(Debug, Default)]
struct Settling {
    is_due: bool,
    looked_at: Option<Instant>,
    after: Option<i64>,
}

/// Takes the steps that are due; returns when to look again.
async fn work(engine: &Arc<Engine>, settling: &mut Settling) -> Result<Duration, DatabaseError> {
    let agenda = engine
        .database
        .read(|conn| read_agenda(conn, MAX_LANES))
        .await?;
    if !agenda.has_open {
        return Ok(PERIOD);
    }
    let mut round = Round::default();
    for &lane in &agenda.due {
        let began = Instant::now();
        let stepped = take_step(engine, lane).await?;
        round.count(stepped, began.elapsed());
        settling.is_due |= stepped == Stepped::Ended;
    }
    let is_time = settling.looked_at.is_none_or(|at| at.elapsed() >= PERIOD);
    if settling.is_due || is_time {
        settle(engine, settling).await?;
    }
    Ok(round.pause_after(&agenda))
}

/// What the steps of one look came to.
#[derive(Debug, Default)]
struct Round {
    has_moved: bool,
    /// How long those took that looked through much and queued nothing of it.
    in_vain: Duration,
}

impl Round {
    fn count(&mut self, stepped: Stepped, took: Duration) {
        self.has_moved |= stepped != Stepped::NotDue;
        if stepped == Stepped::Queued(0) {
            self.in_vain += took;
        }
    }

    /// When to look again: others have the database for as long as was looked in vain.
    fn pause_after(&self, agenda: &Agenda) -> Duration {
        if self.has_moved {
            return self.in_vain.min(PERIOD);
        }
        if !agenda.due.is_empty() {
            return TAKEN_PAUSE;
        }
        agenda
            .next_step_us
            .and_then(|at_us| u64::try_from(at_us - agenda.now_us).ok())
            .map_or(PERIOD, |us| Duration::from_micros(us).min(PERIOD))
    }
}

async fn take_step(engine: &Arc<Engine>, lane: ReplayLane) -> Result<Stepped, DatabaseError> {
    // One that another worker has just created is known here within a second.
    let Some(webhook) = engine.registry.find(lane.webhook) else {
        engine.poll_wake.notify_one();
        return Ok(Stepped::NotDue);
    };
    let expire_after_us = engine.expire_after_us();
    let stepped = engine
        .database
        .write(move |conn| step(conn, lane, &webhook, expire_after_us))
        .await?;
    if let Stepped::Queued(1..) = stepped {
        engine.delivery_is_due(lane.webhook);
    }
    Ok(stepped)
}

async fn settle(engine: &Engine, settling: &mut Settling) -> Result<(), DatabaseError> {
    let after = settling.after;
    let settled = engine
        .database
        .write(move |conn| settle_replays(conn, after))
        .await?;
    for (replay, end) in settled.ended {
        tracing::info!(replay, state = end.as_str(), "a replay is over");
    }
    *settling = Settling {
        is_due: false,
        looked_at: Some(Instant::now()),
        after: settled.after,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_steps_queue_nothing_half_of_the_time_is_left_to_others() {
        let agenda = Agenda {
            has_open: true,
            due: Vec::new(),
            next_step_us: None,
            now_us: 0,
        };
        let pause = |steps: &[(Stepped, u64)]| {
            let mut round = Round::default();
            for &(stepped, ms) in steps {
                round.count(stepped, Duration::from_millis(ms));
            }
            round.pause_after(&agenda)
        };
        let (vain, useful) = ((Stepped::Queued(0), 40), (Stepped::Queued(3), 60));
        assert_eq!(pause(&[useful]), Duration::ZERO);
        assert_eq!(pause(&[vain, useful, vain]), Duration::from_millis(80));
        assert_eq!(pause(&[(Stepped::Queued(0), 5_000)]), PERIOD);
        assert_eq!(
            pause(&[(Stepped::NotDue, 5), (Stepped::Ended, 5)]),
            Duration::ZERO
        );
    }
}
