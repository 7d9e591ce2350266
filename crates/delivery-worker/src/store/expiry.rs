//! Pending deliveries that are too old to be sent.

use database::partitions::Moment;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::AccountId;

use super::deliveries::{has_not_arrived, is_still_pending, not_held_by_a_live_worker};
use super::schema::deliveries;
use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::WebhookId;

/// Some of the accounts' deliveries that are past their time and that nobody has, of events before
/// `events_before`. Goes by the time that ids begin with: among what waits it costs by how much of
/// that is old, and not by how much there is.
pub(crate) fn list_too_old(
    conn: &mut Connection<'_>,
    accounts: &[AccountId],
    events_before: Moment,
    limit: i64,
) -> Result<Vec<Vec<u8>>, DatabaseError> {
    let now_us = conn.now_us()?;
    let accounts: Vec<i64> = accounts.iter().map(|account| account.0).collect();
    Ok(on_backend!(conn, |c| deliveries::table
        .filter(deliveries::account_id.eq_any(&accounts))
        // As a bound value, so that the index by state is the only one for it.
        .filter(deliveries::state.eq(DeliveryState::Pending.as_str()))
        .filter(has_not_arrived())
        .filter(deliveries::id.lt(events_before.bytes()))
        .filter(deliveries::expires_at_us.le(now_us))
        .filter(not_held_by_a_live_worker(now_us))
        .limit(limit)
        .select(deliveries::id)
        .load(c))?)
}

/// Ends those of the deliveries that are still past their time with nobody having them; returns
/// the webhook of each.
pub(crate) fn end_too_old(
    conn: &mut Connection<'_>,
    ids: &[Vec<u8>],
) -> Result<Vec<WebhookId>, DatabaseError> {
    let now_us = conn.now_us()?;
    let ended: Vec<i64> = on_backend!(conn, |c| diesel::update(
        deliveries::table
            .filter(deliveries::id.eq_any(ids))
            .filter(is_still_pending())
            .filter(deliveries::expires_at_us.le(now_us))
            .filter(not_held_by_a_live_worker(now_us))
    )
    .set((
        deliveries::state.eq(DeliveryState::Expired.as_str()),
        deliveries::worker_id.eq(None::<Vec<u8>>),
        deliveries::finished_at_us.eq(now_us),
    ))
    .returning(deliveries::webhook_id)
    .get_results(c))?;
    Ok(ended.into_iter().map(WebhookId).collect())
}
