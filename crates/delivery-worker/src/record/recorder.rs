//! The task that writes outcomes down.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use database::{DatabaseError, write_halving};
use events::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Outcome, OutcomeKind};
use crate::domain::webhook::WebhookId;
use crate::engine::Engine;
use crate::lane::{Breaker, Stop};
use crate::ordering::Keeping;
use crate::store::outcomes::{Consequences, Detail, RecordedBatch, record_outcomes};

/// How many outcomes one commit takes at most.
const BATCH: usize = 500;
/// Where outcomes come one after the other, a commit begins so long after the last one: a commit
/// costs many times what an outcome in it does. Nobody waits for it but who has to keep an order.
const GATHER: Duration = Duration::from_millis(5);
/// How long to wait before a database that failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long to wait when another transaction was in the way.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// Records until `closing`, and then what is left. While the database fails,
/// nothing new is sent, and what is here stays here.
pub(crate) async fn record_until_closed(
    engine: &Engine,
    outcomes: &mut UnboundedReceiver<Outcome>,
    closing: CancellationToken,
) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut next_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            _ = outcomes.recv_many(&mut batch, BATCH) => {}
            () = closing.cancelled() => return,
        }
        if !batch.iter().any(|outcome| is_waited_for(engine, outcome)) {
            tokio::select! {
                () = sleep_until(next_at) => {}
                () = closing.cancelled() => {}
            }
            while batch.len() < BATCH
                && let Ok(outcome) = outcomes.try_recv()
            {
                batch.push(outcome);
            }
        }
        next_at = Instant::now() + GATHER;
        record(engine, Arc::new(std::mem::take(&mut batch))).await;
    }
}

/// Whether other deliveries depend on this one's being on record.
fn is_waited_for(engine: &Engine, outcome: &Outcome) -> bool {
    let keeps_order = |id| {
        let webhook = engine.registry.find(id);
        webhook.is_some_and(|webhook| webhook.keeping().is_some())
    };
    outcome.kind != OutcomeKind::Delivered || keeps_order(outcome.webhook)
}

async fn record(engine: &Engine, outcomes: Arc<Vec<Outcome>>) {
    let mut batch = Batch {
        engine,
        outcomes: Arc::clone(&outcomes),
        is_recorded: false,
    };
    let lost = loop {
        match record_in_detail(engine, &outcomes).await {
            Ok(lost) => break lost,
            Err(error @ DatabaseError::Conflict(_)) => {
                tracing::debug!(%error, "outcomes gave way to another transaction");
                tokio::time::sleep(CONFLICT_PAUSE).await;
            }
            Err(error) => {
                engine.trouble.record.failed(&error);
                engine.stop(Stop::Recording);
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    };
    if engine.trouble.record.over() {
        engine.resume(Stop::Recording);
    }
    batch.is_recorded = lost == 0;
}

/// Outcomes that the lanes count as unrecorded until this goes.
struct Batch<'a> {
    engine: &'a Engine,
    outcomes: Arc<Vec<Outcome>>,
    is_recorded: bool,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.is_recorded {
            // Rows may still be claimed: a fresh identity frees them.
            self.engine.doubt("outcomes are not on record");
        }
        self.engine.recorded(&self.outcomes);
    }
}

/// Records everything; what the database refuses, with less and less detail.
/// Returns how many could not be recorded at all. The error is the database's
/// own trouble.
async fn record_in_detail(
    engine: &Engine,
    outcomes: &Arc<Vec<Outcome>>,
) -> Result<usize, DatabaseError> {
    let mut left = Arc::clone(outcomes);
    for detail in [Detail::Full, Detail::NoBodies, Detail::StateOnly] {
        let consequences = Consequences {
            disable_after_us: engine.disable_after_us(),
            breaker: engine.config.breaker,
            deliveries: engine.delivery_terms(),
            kept: kept(engine, &left),
        };
        let halved = write_halving(
            &engine.database,
            Arc::clone(&left),
            move |conn, part: &[Outcome]| record_outcomes(conn, part, detail, &consequences),
            DatabaseError::is_retryable,
        )
        .await?;
        for batch in halved.written {
            apply(engine, batch);
        }
        if halved.guilty.is_empty() {
            return Ok(0);
        }
        let mut refused = Vec::with_capacity(halved.guilty.len());
        for (place, error) in &halved.guilty {
            let Some(outcome) = left.get(*place) else {
                continue;
            };
            tracing::error!(
                delivery = %outcome.delivery, %error, ?detail,
                "an outcome was refused; it is recorded with less detail"
            );
            refused.push(outcome.clone());
        }
        left = Arc::new(refused);
    }
    Ok(left.len())
}

/// The webhooks among them whose deliveries wait for each other.
fn kept(engine: &Engine, outcomes: &[Outcome]) -> HashMap<WebhookId, Keeping> {
    let webhooks: HashSet<WebhookId> = outcomes.iter().map(|outcome| outcome.webhook).collect();
    webhooks
        .into_iter()
        .filter_map(|id| Some((id, engine.registry.find(id)?.keeping()?)))
        .collect()
}

fn apply(engine: &Engine, batch: RecordedBatch) {
    engine.time.set(batch.now_us);
    engine.note_due(&batch.due);
    // Deliveries of these records may wait at other workers.
    engine.tell_others();
    for (webhook, breaker) in batch.breakers {
        tell_of_breaker(webhook, breaker);
    }
    for lane in batch.lanes {
        if let Some(reason) = &lane.disabled_reason {
            tracing::warn!(webhook = lane.webhook_id, reason, "a webhook is disabled");
        }
        engine.set_gate(&lane);
    }
}

fn tell_of_breaker(webhook: WebhookId, breaker: Breaker) {
    match breaker.open_until_us {
        Some(until_us) => tracing::warn!(
            %webhook, failures = breaker.failures, until = Timestamp(until_us).to_rfc3339(),
            "a webhook's circuit breaker is open; one request is tried then"
        ),
        None => tracing::info!(%webhook, "a webhook's circuit breaker is closed again"),
    }
}
