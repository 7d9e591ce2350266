//! Pauses that a person asks for, and their end.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::lanes::touch_webhook;
use super::schema::webhook_lanes;
use crate::domain::webhook::WebhookId;

/// Holds a locked webhook's deliveries until somebody resumes it. `false` if they were held already.
pub(crate) fn pause_by_person(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let updated = on_backend!(conn, |c| diesel::update(
        webhook_lanes::table
            .find(webhook.0)
            .filter(webhook_lanes::paused_at_us.is_null())
    )
    .set((
        webhook_lanes::paused_at_us.eq(now_us),
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

/// Ends all that makes a locked webhook's deliveries wait, but for its being disabled: a person's
/// pause, the receiver's, and an open breaker. `false` if there was nothing of it.
pub(crate) fn resume_by_person(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<bool, DatabaseError> {
    let now_us = conn.now_us()?;
    let updated = on_backend!(conn, |c| diesel::update(
        webhook_lanes::table.find(webhook.0).filter(
            webhook_lanes::paused_at_us
                .is_not_null()
                .or(webhook_lanes::paused_until_us.is_not_null())
                .or(webhook_lanes::open_until_us.is_not_null())
        )
    )
    .set((
        webhook_lanes::paused_at_us.eq(None::<i64>),
        webhook_lanes::paused_until_us.eq(None::<i64>),
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

/// Ends what the receiver at its URL before made a locked webhook's deliveries wait for: its pause
/// and an open breaker. What failed there counts no longer.
pub(crate) fn forget_receiver(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| diesel::update(
        webhook_lanes::table.find(webhook.0).filter(
            webhook_lanes::paused_until_us
                .is_not_null()
                .or(webhook_lanes::first_failure_at_us.is_not_null())
                .or(webhook_lanes::open_until_us.is_not_null())
                .or(webhook_lanes::failures.gt(0))
        )
    )
    .set((
        webhook_lanes::paused_until_us.eq(None::<i64>),
        webhook_lanes::first_failure_at_us.eq(None::<i64>),
        webhook_lanes::open_until_us.eq(None::<i64>),
        webhook_lanes::failures.eq(0),
        webhook_lanes::openings.eq(0),
        webhook_lanes::changed_at_us.eq(now_us),
        webhook_lanes::revision.eq(webhook_lanes::revision + 1),
    ))
    .execute(c))?;
    Ok(())
}
