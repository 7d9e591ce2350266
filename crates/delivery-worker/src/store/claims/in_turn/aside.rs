//! Writing down what does not go now.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::Decided;
use crate::domain::delivery::{DeliveryId, DeliveryState};
use crate::ordering::{HeldFor, WHEN_FREED_US};
use crate::store::deliveries::is_still_pending;
use crate::store::record_order::free_after;
use crate::store::schema::deliveries;

/// Writes down what does not go; returns whether that made others due.
pub(super) fn put_aside(
    conn: &mut Connection<'_>,
    decided: &Decided,
    now_us: i64,
) -> Result<bool, DatabaseError> {
    hold(
        conn,
        &decided.held_for_record,
        HeldFor::Record,
        WHEN_FREED_US,
    )?;
    for (until_us, ids) in &decided.held_for_gap {
        hold(conn, ids, HeldFor::Gap, *until_us)?;
    }
    for late in &decided.late {
        let after = late.after;
        let because = format!(
            "it came when the newer revision {after} had been delivered; retry it to send it \
             all the same"
        );
        on_backend!(conn, |c| diesel::update(deliveries::table.find(&late.id))
            .filter(is_still_pending())
            .set((
                deliveries::state.eq(DeliveryState::Skipped.as_str()),
                deliveries::worker_id.eq(None::<Vec<u8>>),
                deliveries::finished_at_us.eq(now_us),
                deliveries::held_for.eq(None::<String>),
                deliveries::last_error.eq(because),
            ))
            .execute(c))?;
    }
    let late: Vec<DeliveryId> = decided
        .late
        .iter()
        .filter_map(|late| DeliveryId::from_bytes(&late.id))
        .collect();
    Ok(!free_after(conn, &late, now_us)?.is_empty())
}

fn hold(
    conn: &mut Connection<'_>,
    ids: &[Vec<u8>],
    held_for: HeldFor,
    due_at_us: i64,
) -> Result<(), DatabaseError> {
    if !ids.is_empty() {
        on_backend!(conn, |c| diesel::update(
            deliveries::table.filter(deliveries::id.eq_any(ids))
        )
        .filter(is_still_pending())
        .set((
            deliveries::due_at_us.eq(due_at_us),
            deliveries::held_for.eq(held_for.as_str()),
        ))
        .execute(c))?;
    }
    Ok(())
}
