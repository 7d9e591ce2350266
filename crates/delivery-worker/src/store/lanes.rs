//! What holds webhooks up, shared by all workers.

mod breakers;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::schema::{webhook_lanes, webhooks};
use crate::domain::webhook::WebhookId;
use crate::lane::{Breaker, Gate};
pub(crate) use breakers::{list_breakers, set_breakers};

/// The state of one lane.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhook_lanes)]
pub(crate) struct LaneRow {
    pub(crate) webhook_id: i64,
    pub(crate) paused_until_us: Option<i64>,
    pub(crate) paused_at_us: Option<i64>,
    pub(crate) open_until_us: Option<i64>,
    pub(crate) disabled_at_us: Option<i64>,
    pub(crate) disabled_reason: Option<String>,
    pub(crate) failures: i64,
    pub(crate) openings: i64,
    /// Which state of the lane this is; grows.
    pub(crate) revision: i64,
}

impl LaneRow {
    /// Whether the lane may send, as far as this row says.
    pub(crate) fn gate(&self) -> Gate {
        if self.disabled_at_us.is_some() || self.paused_at_us.is_some() {
            return Gate::Closed;
        }
        match self.paused_until_us.max(self.open_until_us) {
            Some(until_us) => Gate::ClosedUntil {
                until_us,
                half_open: self.open_until_us.is_some(),
            },
            None => Gate::Open,
        }
    }

    /// Its circuit breaker.
    pub(crate) fn breaker(&self) -> Breaker {
        Breaker {
            failures: self.failures,
            openings: self.openings,
            open_until_us: self.open_until_us,
        }
    }
}

/// Why Dealwire disabled a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DisabledReason {
    /// The receiver answered 410.
    Gone,
    /// Nothing arrived for too long.
    Failing,
}

impl DisabledReason {
    /// The name in the database and on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// Lanes that changed at or after `since_us`.
pub(crate) fn list_changed_lanes(
    conn: &mut Connection<'_>,
    since_us: i64,
) -> Result<Vec<LaneRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| webhook_lanes::table
        .filter(webhook_lanes::changed_at_us.ge(since_us))
        .select(LaneRow::as_select())
        .load(c))?)
}

/// Certain lanes.
pub(crate) fn list_lanes(
    conn: &mut Connection<'_>,
    webhooks: &[WebhookId],
) -> Result<Vec<LaneRow>, DatabaseError> {
    let ids: Vec<i64> = webhooks.iter().map(|id| id.0).collect();
    Ok(on_backend!(conn, |c| webhook_lanes::table
        .filter(webhook_lanes::webhook_id.eq_any(&ids))
        .select(LaneRow::as_select())
        .load(c))?)
}

/// How many webhooks Dealwire has disabled, deleted ones left out.
pub(crate) fn count_disabled(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| webhook_lanes::table
        .inner_join(webhooks::table.on(webhooks::id.eq(webhook_lanes::webhook_id)))
        .filter(webhook_lanes::disabled_at_us.is_not_null())
        .filter(webhooks::deleted_at_us.is_null())
        .count()
        .get_result(c))?)
}

/// Holds a lane until a time, unless it is held for longer already.
pub(crate) fn pause_lane(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    until_us: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        webhook_lanes::table.find(webhook.0).filter(
            webhook_lanes::paused_until_us
                .is_null()
                .or(webhook_lanes::paused_until_us.lt(until_us))
        )
    )
    .set((
        webhook_lanes::paused_until_us.eq(until_us),
        webhook_lanes::changed_at_us.eq(now_us),
        webhook_lanes::revision.eq(webhook_lanes::revision + 1),
    ))
    .execute(c))?;
    Ok(())
}

/// Disables a webhook; `false` if it was already.
pub(crate) fn disable_lane(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    reason: DisabledReason,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    let updated = on_backend!(conn, |c| diesel::update(
        webhook_lanes::table
            .find(webhook.0)
            .filter(webhook_lanes::disabled_at_us.is_null())
    )
    .set((
        webhook_lanes::disabled_at_us.eq(now_us),
        webhook_lanes::disabled_reason.eq(reason.as_str()),
        webhook_lanes::changed_at_us.eq(now_us),
        webhook_lanes::revision.eq(webhook_lanes::revision + 1),
    ))
    .execute(c))?;
    if updated == 0 {
        return Ok(false);
    }
    touch_webhook(conn, webhook, now_us)?;
    Ok(true)
}

/// Frees a lane from what failures did to it. What waited is drained in order.
/// `false` if nothing held it.
pub(crate) fn enable_lane(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let updated = on_backend!(conn, |c| diesel::update(
        webhook_lanes::table.find(webhook.0).filter(
            webhook_lanes::disabled_at_us
                .is_not_null()
                .or(webhook_lanes::paused_until_us.is_not_null())
                .or(webhook_lanes::open_until_us.is_not_null())
        )
    )
    .set((
        webhook_lanes::disabled_at_us.eq(None::<i64>),
        webhook_lanes::disabled_reason.eq(None::<String>),
        webhook_lanes::paused_until_us.eq(None::<i64>),
        webhook_lanes::first_failure_at_us.eq(None::<i64>),
        webhook_lanes::open_until_us.eq(None::<i64>),
        webhook_lanes::failures.eq(0),
        webhook_lanes::openings.eq(0),
        webhook_lanes::changed_at_us.eq(now_us),
        webhook_lanes::revision.eq(webhook_lanes::revision + 1),
    ))
    .execute(c))?;
    if updated == 0 {
        return Ok(false);
    }
    touch_webhook(conn, webhook, now_us)?;
    Ok(true)
}

/// How stale `last_success_at_us` may be, so that a busy webhook's row is not
/// written with every batch.
const SUCCESS_PRECISION_US: i64 = 10_000_000;

/// The lanes in which a success would change anything.
macro_rules! noteworthy_successes {
    ($webhooks:expr, $now_us:expr) => {
        webhook_lanes::table
            .filter(webhook_lanes::webhook_id.eq_any($webhooks))
            .filter(
                webhook_lanes::first_failure_at_us
                    .is_not_null()
                    .or(webhook_lanes::failures.gt(0))
                    .or(webhook_lanes::last_success_at_us.is_null())
                    .or(webhook_lanes::last_success_at_us
                        .lt($now_us - SUCCESS_PRECISION_US)
                        .assume_not_null())
                    .assume_not_null(),
            )
    };
}

/// Those of the webhooks that something arrived at, and of those where
/// something failed, whose lanes change by it; mostly none. Locks nothing.
pub(crate) fn list_noteworthy(
    conn: &mut Connection<'_>,
    succeeded: &[i64],
    failed: &[i64],
    now_us: i64,
    limit_us: i64,
) -> Result<(Vec<i64>, Vec<i64>), DatabaseError> {
    on_backend!(conn, |c| {
        let mut noteworthy = (Vec::new(), Vec::new());
        if !succeeded.is_empty() {
            noteworthy.0 = noteworthy_successes!(succeeded, now_us)
                .select(webhook_lanes::webhook_id)
                .load(c)?;
        }
        if !failed.is_empty() {
            noteworthy.1 = webhook_lanes::table
                .filter(webhook_lanes::webhook_id.eq_any(failed))
                .filter(
                    webhook_lanes::first_failure_at_us.is_null().or(
                        webhook_lanes::first_failure_at_us
                            .le(limit_us)
                            .assume_not_null()
                            .and(webhook_lanes::disabled_at_us.is_null()),
                    ),
                )
                .select(webhook_lanes::webhook_id)
                .load(c)?;
        }
        Ok(noteworthy)
    })
}

/// Notes that something arrived at these webhooks: what failed before no longer
/// counts.
pub(crate) fn note_successes(
    conn: &mut Connection<'_>,
    webhooks: &[i64],
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(noteworthy_successes!(
        webhooks, now_us
    ))
    .set((
        webhook_lanes::first_failure_at_us.eq(None::<i64>),
        webhook_lanes::last_success_at_us.eq(now_us),
    ))
    .execute(c))?;
    Ok(())
}

/// Notes that something failed at these webhooks; returns those that have been
/// failing since `limit_us` or longer.
pub(crate) fn note_failures(
    conn: &mut Connection<'_>,
    webhooks: &[i64],
    now_us: i64,
    limit_us: i64,
) -> Result<Vec<i64>, DatabaseError> {
    on_backend!(conn, |c| {
        diesel::update(
            webhook_lanes::table
                .filter(webhook_lanes::webhook_id.eq_any(webhooks))
                .filter(webhook_lanes::first_failure_at_us.is_null()),
        )
        .set(webhook_lanes::first_failure_at_us.eq(now_us))
        .execute(c)?;
        Ok(webhook_lanes::table
            .filter(webhook_lanes::webhook_id.eq_any(webhooks))
            .filter(webhook_lanes::first_failure_at_us.le(limit_us))
            .filter(webhook_lanes::disabled_at_us.is_null())
            .select(webhook_lanes::webhook_id)
            .load(c)?)
    })
}

/// Counts a change that shows on the webhook but is not one of its settings.
pub(super) fn touch_webhook(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    now_us: i64,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(webhooks::table.find(webhook.0))
        .set((
            webhooks::revision.eq(webhooks::revision + 1),
            webhooks::updated_at_us.eq(now_us),
        ))
        .execute(c))?;
    Ok(())
}
