//! Each second: what other workers and the API changed, what is due that
//! nobody here knows of, and what will never be sent.

mod expiring;
mod freeing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use database::DatabaseError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::delivery::DeliveryState;
use crate::engine::Engine;
use crate::store::deliveries::{PendingLane, count_pending, end_pending, list_pending_lanes};
use crate::store::lanes::count_disabled;
use expiring::Expiring;
use freeing::Freeing;

const PERIOD: Duration = Duration::from_secs(1);
/// How often all that waits is counted for the metrics.
const COUNT_PERIOD: Duration = Duration::from_secs(10);
/// How many times as long as a look takes is waited before other workers' news
/// make it look again, so that looking takes a tenth of the time at most.
const REST: u32 = 10;
const LEAST_REST: Duration = Duration::from_millis(50);
/// How many rows of one webhook one commit ends.
const BATCH: i64 = 1_000;

/// Looks around until `cancel`.
pub(crate) async fn sweep(engine: Arc<Engine>, cancel: CancellationToken) {
    let mut counted_at: Option<Instant> = None;
    let mut freeing = Freeing::default();
    let mut expiring = Expiring::default();
    while !cancel.is_cancelled() {
        let looked_at = Instant::now();
        match look(&engine).await {
            Ok(()) => {
                engine.trouble.sweep.over();
            }
            Err(error) => engine.trouble.sweep.failed(&error),
        }
        if let Err(error) = freeing.look(&engine).await {
            tracing::debug!(%error, "what waits in order could not be looked at");
        }
        if let Err(error) = expiring.look(&engine).await {
            tracing::debug!(%error, "what is too old could not be looked at");
        }
        if counted_at.is_none_or(|at| at.elapsed() >= COUNT_PERIOD) {
            counted_at = Some(Instant::now());
            if let Err(error) = count(&engine).await {
                tracing::debug!(%error, "what waits could not be counted");
            }
        }
        let rested_at = looked_at + (looked_at.elapsed() * REST).max(LEAST_REST);
        tokio::select! {
            () = cancel.cancelled() => {}
            () = engine.poll_wake.notified() => {}
            () = heard(&engine, rested_at) => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}

async fn heard(engine: &Engine, rested_at: Instant) {
    engine.heard_wake.notified().await;
    tokio::time::sleep_until(rested_at).await;
}

/// Counts what waits, which takes longer the more it is.
async fn count(engine: &Engine) -> Result<(), DatabaseError> {
    let (pending, parked, disabled) = engine
        .database
        .read(|conn| {
            let (pending, disabled) = (count_pending(conn)?, count_disabled(conn)?);
            Ok::<_, DatabaseError>((pending, outbox::parked::count(conn)?, disabled))
        })
        .await?;
    engine.metrics.show_backlog(pending, parked, disabled);
    Ok(())
}

async fn look(engine: &Engine) -> Result<(), DatabaseError> {
    engine.load().await?;
    let (now_us, pending) = engine
        .database
        .read(|conn| {
            let now_us = conn.now_us()?;
            Ok::<_, DatabaseError>((now_us, list_pending_lanes(conn, now_us)?))
        })
        .await?;
    let mut due = BTreeMap::new();
    let mut oldest_us = now_us;
    for lane in pending {
        let Some(earliest_us) = lane.earliest_due_us() else {
            continue;
        };
        if is_deleted(engine, lane) {
            drop_pending(engine, lane).await?;
            continue;
        }
        due.insert(lane.webhook(), earliest_us);
        if engine.lanes().flows_freely(lane.webhook()) {
            oldest_us = oldest_us.min(earliest_us);
        }
    }
    engine.note_due(&due);
    let lanes = engine.lanes();
    engine
        .metrics
        .show_load(now_us - oldest_us, lanes.in_flight(), lanes.queued());
    engine.metrics.show_open_breakers(lanes.with_open_breaker());
    Ok(())
}

fn is_deleted(engine: &Engine, lane: PendingLane) -> bool {
    let webhook = engine.registry.find(lane.webhook());
    webhook.is_some_and(|webhook| webhook.is_deleted)
}

async fn drop_pending(engine: &Engine, lane: PendingLane) -> Result<(), DatabaseError> {
    let (webhook, state) = (lane.webhook(), DeliveryState::Dropped);
    let ended = engine
        .database
        .write(move |conn| end_pending(conn, webhook, state, i64::MAX, BATCH))
        .await?;
    tracing::info!(%webhook, state = state.as_str(), count = ended, "deliveries ended unsent");
    if ended > 0 {
        engine.webhooks_changed();
    }
    Ok(())
}
