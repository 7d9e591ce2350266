//! Making due now what waits for its next attempt, in parts that let other writers in.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::deliveries::{is_pending, is_still_pending};
use super::schema::deliveries;
use crate::domain::webhook::WebhookId;
use crate::ordering::WHEN_FREED_US;

/// A pending delivery, and when it is due, microseconds.
pub(crate) type DueAt = (Vec<u8>, i64);

/// Some deliveries of a webhook that were tried or are due later, and that are due after `after_us`
/// and not after `until_us`; those that are due last come first. What waits for another delivery of
/// its record is due after that one, and not among them.
pub(crate) fn list_later(
    conn: &mut Connection<'_>,
    webhook: WebhookId,
    after_us: i64,
    until_us: i64,
    limit: i64,
) -> Result<Vec<DueAt>, DatabaseError> {
    let now_us = conn.now_us()?;
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(is_pending())
        .filter(deliveries::webhook_id.eq(webhook.0))
        .filter(deliveries::due_at_us.gt(after_us))
        .filter(deliveries::due_at_us.le(until_us))
        .filter(deliveries::due_at_us.lt(WHEN_FREED_US))
        .filter(deliveries::due_at_us.gt(deliveries::created_at_us))
        .filter(
            deliveries::due_at_us
                .gt(now_us)
                .or(deliveries::attempts.gt(0))
        )
        .order(deliveries::due_at_us.desc())
        .limit(limit)
        .select((deliveries::id, deliveries::due_at_us))
        .load(c))?)
}

/// Makes deliveries due that are still pending: each gets back the place that it had when it came,
/// ahead of all that came later. Returns how many.
pub(crate) fn make_due(conn: &mut Connection<'_>, ids: &[Vec<u8>]) -> Result<usize, DatabaseError> {
    if ids.is_empty() {
        return Ok(0);
    }
    Ok(on_backend!(conn, |c| diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .filter(is_still_pending())
            .filter(deliveries::due_at_us.lt(WHEN_FREED_US))
    )
    .set(deliveries::due_at_us.eq(deliveries::created_at_us))
    .execute(c))?)
}
