//! Putting what a job found where workers claim from.

use ::events::{AccountId, EventId};
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::candidates::EventCandidate;
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::replay::ReplayLane;
use crate::store::deliveries::{is_still_pending, unless_skipped};
use crate::store::schema::deliveries;

/// Makes a delivery of each event that the job has not made one of, due in this
/// order. Their bodies are held.
pub(crate) fn queue_events(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    lane: ReplayLane,
    events: &[&EventCandidate],
    expire_after_us: i64,
    now_us: i64,
) -> Result<(), DatabaseError> {
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let rows: Vec<_> = events
        .iter()
        .zip(0_i64..)
        .filter_map(|(event, place)| {
            let event_id = EventId::from_bytes(&event.event_id)?;
            let id = DeliveryId::of_replay(event_id, lane.webhook, lane.replay);
            Some((
                deliveries::id.eq(id.as_bytes().to_vec()),
                deliveries::account_id.eq(account_id.0),
                deliveries::webhook_id.eq(lane.webhook.0),
                deliveries::event_id.eq(&event.event_id),
                deliveries::origin.eq(Origin::Replay.as_str()),
                deliveries::state.eq(DeliveryState::Pending.as_str()),
                deliveries::event_type.eq(&event.event_type),
                deliveries::component.eq(&event.component),
                deliveries::record_id.eq(event.record_id),
                deliveries::revision.eq(event.revision),
                deliveries::due_at_us.eq(now_us - count + place),
                deliveries::attempts.eq(0_i64),
                deliveries::claim_no.eq(0_i64),
                deliveries::created_at_us.eq(now_us),
                deliveries::expires_at_us.eq(now_us.saturating_add(expire_after_us)),
                deliveries::replay_id.eq(lane.replay.0),
            ))
        })
        .collect();
    match conn {
        Connection::Sqlite(c) => {
            diesel::insert_into(deliveries::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(*c)?;
        }
        Connection::Postgres(c) => {
            diesel::insert_into(deliveries::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(*c)?;
        }
    }
    Ok(())
}

/// Makes deliveries that were over pending again, and pending ones due, under their
/// own ids; returns how many. Those that changed meanwhile are left alone.
pub(crate) fn queue_again(
    conn: &mut Connection<'_>,
    lane: ReplayLane,
    ids: &[&[u8]],
    expire_after_us: i64,
    now_us: i64,
) -> Result<usize, DatabaseError> {
    let over = [
        DeliveryState::Delivered,
        DeliveryState::Failed,
        DeliveryState::Skipped,
        DeliveryState::Expired,
    ]
    .map(DeliveryState::as_str);
    on_backend!(conn, |c| {
        let again = diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(ids))
                .filter(deliveries::state.eq_any(over))
                .filter(deliveries::erased_at_us.is_null()),
        )
        .set((
            deliveries::state.eq(DeliveryState::Pending.as_str()),
            deliveries::due_at_us.eq(now_us),
            // What an attempt of before may still report is not of this claim.
            deliveries::claim_no.eq(deliveries::claim_no + 1),
            deliveries::worker_id.eq(None::<Vec<u8>>),
            deliveries::expires_at_us.eq(now_us.saturating_add(expire_after_us)),
            deliveries::finished_at_us.eq(None::<i64>),
            deliveries::held_for.eq(None::<String>),
            unless_skipped(),
            deliveries::replay_id.eq(lane.replay.0),
        ))
        .execute(c)?;
        let sooner = diesel::update(
            deliveries::table
                .filter(deliveries::id.eq_any(ids))
                .filter(is_still_pending())
                .filter(deliveries::due_at_us.gt(now_us))
                .filter(deliveries::erased_at_us.is_null()),
        )
        .set((
            deliveries::due_at_us.eq(now_us),
            deliveries::replay_id.eq(lane.replay.0),
        ))
        .execute(c)?;
        Ok(again + sooner)
    })
}
