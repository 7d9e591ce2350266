//! Filling the lanes: asks the database for deliveries that are due.

mod looking;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use database::DatabaseError;
use events::{Action, EventId};
use tokio_util::sync::CancellationToken;

use crate::dispatch::{Job, decode_stored, pump};
use crate::domain::delivery::DeliveryId;
use crate::engine::{Engine, HeldEvent};
use crate::lane::{Ask, Component, RecordKey};
use crate::lease::Identity;
use crate::store::claims::{Claimed, ClaimedRow, Kept, KeptLane, Look, PassedGap, claim_due};
use crate::store::deliveries::list_event_bodies;
use looking::Looking;

/// How much one commit claims at most.
const MAX_LANES: usize = 64;
const MAX_ROWS: usize = 1_024;
/// How long nothing is looked at if nothing happens.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait before a database that failed is tried again.
const FAILURE_PAUSE: Duration = Duration::from_millis(250);
/// How long to wait when another transaction was in the way.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// Claims and starts deliveries until `cancel`.
pub(crate) async fn fill_lanes(engine: Arc<Engine>, cancel: CancellationToken) {
    let mut looking = Looking::default();
    while !cancel.is_cancelled() {
        let asks = {
            let now_us = engine.time.now_us();
            let mut lanes = engine.lanes();
            lanes.tick(now_us);
            lanes.ask(now_us, MAX_LANES, MAX_ROWS)
        };
        pump(&engine);
        if asks.is_empty() {
            wait(&engine, &cancel).await;
            continue;
        }
        match claim(&engine, &asks, &mut looking).await {
            Ok(()) => {
                engine.trouble.claim.over();
            }
            Err(error) => {
                give_up(&engine, asks, &error);
                tokio::time::sleep(pause_after(&error)).await;
            }
        }
    }
}

/// Why nothing was claimed.
#[derive(Debug, thiserror::Error)]
enum ClaimError {
    /// There is nothing to claim under; lanes do not ask while that is so.
    #[error("there is no lease")]
    NoLease,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

fn give_up(engine: &Engine, asks: Vec<Ask>, error: &ClaimError) {
    let mut lanes = engine.lanes();
    asks.into_iter().for_each(|ask| lanes.claim_failed(ask));
    drop(lanes);
    match error {
        ClaimError::NoLease => {}
        ClaimError::Database(DatabaseError::Conflict(_)) => {
            tracing::debug!(%error, "a claim gave way to another transaction");
        }
        ClaimError::Database(failure) => {
            engine.trouble.claim.failed(failure);
            // The commit may have happened all the same.
            engine.doubt("a claim's commit is uncertain");
        }
    }
}

fn pause_after(error: &ClaimError) -> Duration {
    match error {
        ClaimError::Database(DatabaseError::Conflict(_)) => CONFLICT_PAUSE,
        _ => FAILURE_PAUSE,
    }
}

async fn wait(engine: &Engine, cancel: &CancellationToken) {
    let now_us = engine.time.now_us();
    let pause = engine
        .lanes()
        .next_wake_us()
        .and_then(|wake_us| u64::try_from(wake_us - now_us).ok())
        .filter(|&pause_us| pause_us > 0)
        .map_or(IDLE_PAUSE, |us| Duration::from_micros(us).min(IDLE_PAUSE));
    tokio::select! {
        () = cancel.cancelled() => {}
        () = engine.claim_wake.notified() => {}
        () = tokio::time::sleep(pause) => {}
    }
}

async fn claim(
    engine: &Arc<Engine>,
    asks: &[Ask],
    looking: &mut Looking,
) -> Result<(), ClaimError> {
    let Some(Identity { worker, number }) = engine.lease.identity() else {
        return Err(ClaimError::NoLease);
    };
    let now_us = engine.time.now_us();
    let looks: Vec<Look> = asks.iter().map(|&ask| looking.look(ask, now_us)).collect();
    let kept = kept(engine, asks);
    let asked = looks.clone();
    let (now_us, claimed) = engine
        .database
        .write(move |conn| claim_due(conn, &worker, &asked, &kept))
        .await?;
    engine.time.set(now_us);
    for look in looks {
        if let Some(answer) = claimed.iter().find(|answer| answer.ask == look.ask) {
            looking.seen(look, answer, now_us);
        }
    }
    claimed
        .iter()
        .flat_map(|answer| &answer.gaps)
        .for_each(|gap| tell_of_gap(engine, gap));
    claimed
        .iter()
        .for_each(|answer| tell_of_late(engine, answer));
    let events = read_events(engine, &claimed).await;
    take_over(engine, claimed, number, &events, now_us);
    pump(engine);
    Ok(())
}

/// Those of the lanes whose deliveries wait for each other.
fn kept(engine: &Engine, asks: &[Ask]) -> Kept {
    let lanes = asks
        .iter()
        .filter_map(|ask| {
            let webhook = engine.registry.find(ask.webhook)?;
            let (account, keeping) = (webhook.account_id, webhook.keeping()?);
            Some((ask.webhook, KeptLane { account, keeping }))
        })
        .collect();
    Kept {
        lanes,
        patience: engine.patience(),
    }
}

/// A lost change is nothing that happens in order.
fn tell_of_gap(engine: &Engine, gap: &PassedGap) {
    engine.metrics.count_passed_gap();
    tracing::warn!(
        webhook = %gap.webhook, component = gap.record.component.as_str(), record = gap.record.id,
        missing = ?gap.missing,
        "revisions of a record did not arrive in time; the webhook gets what came after them"
    );
}

/// Nor is a change that came too late to be sent.
fn tell_of_late(engine: &Engine, answer: &Claimed) {
    let Some(first) = answer.late.first() else {
        return;
    };
    engine.metrics.count_late(answer.late.len());
    tracing::warn!(
        webhook = %answer.ask.webhook, count = answer.late.len(),
        component = first.record.component.as_str(), record = first.record.id,
        revision = first.revision, delivered = first.after,
        "changes came when newer revisions of their records had been delivered, and are skipped; \
         the first of them is named"
    );
}

/// Puts what was claimed into its lanes.
fn take_over(
    engine: &Engine,
    claimed: Vec<Claimed>,
    lease: u64,
    events: &HashMap<EventId, HeldEvent>,
    now_us: i64,
) {
    let mut lanes = engine.lanes();
    let mut refused = Vec::new();
    for answer in claimed {
        let jobs = answer
            .rows
            .iter()
            .filter_map(|row| job(answer.ask, row, lease, events))
            .map(|job| (job.record, job))
            .collect();
        refused.extend(lanes.claimed(answer.ask, jobs, answer.next_due_us, now_us));
    }
    engine.release(&mut lanes, refused);
}

/// The events of what was claimed, as far as memory allows. One that cannot be
/// read now is read when its delivery starts.
async fn read_events(engine: &Engine, claimed: &[Claimed]) -> HashMap<EventId, HeldEvent> {
    let mut ids: Vec<EventId> = claimed
        .iter()
        .flat_map(|answer| &answer.rows)
        .filter_map(|row| EventId::from_bytes(row.event_id.as_deref()?))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || !engine.bodies.has_room() {
        return HashMap::new();
    }
    let bodies = engine
        .database
        .read(move |conn| list_event_bodies(conn, &ids))
        .await;
    let bodies = match bodies {
        Ok(bodies) => bodies,
        Err(error) => {
            tracing::debug!(%error, "events of claimed deliveries could not be read yet");
            return HashMap::new();
        }
    };
    bodies
        .into_iter()
        .take_while(|_| engine.bodies.has_room())
        .filter_map(|stored| {
            let id = EventId::from_bytes(&stored.id)?;
            Some((id, decode_stored(engine, id, &stored.body)?))
        })
        .collect()
}

fn job(
    ask: Ask,
    row: &ClaimedRow,
    lease: u64,
    events: &HashMap<EventId, HeldEvent>,
) -> Option<Job> {
    let event_id = EventId::from_bytes(row.event_id.as_deref()?)?;
    let delivery = DeliveryId::from_bytes(&row.id)?;
    let record = Component::parse(&row.component)
        .zip(row.record_id)
        .map(|(component, id)| RecordKey { component, id });
    Some(Job {
        delivery,
        webhook: ask.webhook,
        event_id,
        record,
        lease,
        claim_no: row.claim_no,
        attempts: row.attempts,
        is_replay: DeliveryId::of_event(event_id, ask.webhook) != delivery,
        due_at_us: row.due_at_us,
        expires_at_us: row.expires_at_us,
        sends_as_add: row.send_as.as_deref() == Some(Action::Add.as_str()),
        event: events.get(&event_id).cloned(),
    })
}
