//! Writing down what became of attempts.

mod apply;
mod attempts;

use std::collections::BTreeMap;

use database::{Connection, DatabaseError};

use super::claims::lock_lanes;
use super::lanes::{
    DisabledReason, LaneRow, disable_lane, list_lanes, list_noteworthy, note_failures,
    note_successes, pause_lane,
};
use crate::domain::webhook::WebhookId;
use crate::record::{Outcome, OutcomeKind};
use crate::retry::Effect;
pub(crate) use attempts::{insert_attempt_bodies, insert_attempts};

/// How much of an outcome is written. Less and less is tried where a row is
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The state, the attempt, and what was sent and received.
    Full,
    /// The state and the attempt.
    NoBodies,
    /// The state alone.
    StateOnly,
}

/// What a batch of outcomes changed.
#[derive(Debug, Default)]
pub(crate) struct RecordedBatch {
    /// The database's time.
    pub(crate) now_us: i64,
    /// Deliveries that are due again, by webhook, earliest.
    pub(crate) due: BTreeMap<WebhookId, i64>,
    /// Lanes that were paused or disabled.
    pub(crate) lanes: Vec<LaneRow>,
}

/// Records a batch. Bears to be run again on the same outcomes.
pub(crate) fn record_outcomes(
    conn: &mut Connection<'_>,
    outcomes: &[Outcome],
    detail: Detail,
    disable_after_us: i64,
) -> Result<RecordedBatch, DatabaseError> {
    let now_us = conn.now_us()?;
    // In one order everywhere, so that two workers never wait for each other.
    let mut ordered: Vec<&Outcome> = outcomes.iter().collect();
    ordered.sort_unstable_by_key(|outcome| outcome.delivery);
    // Lanes before deliveries, as where deliveries are claimed.
    let changed = change_lanes(conn, &ordered, now_us, now_us - disable_after_us)?;
    let applied = apply::apply(conn, &ordered, now_us)?;
    if detail != Detail::StateOnly {
        insert_attempts(conn, &ordered)?;
    }
    if detail == Detail::Full {
        insert_attempt_bodies(conn, &ordered)?;
    }
    let mut batch = RecordedBatch {
        now_us,
        ..RecordedBatch::default()
    };
    for outcome in ordered.iter().filter(|o| applied.contains(&o.delivery)) {
        if let Some(due_us) = outcome.due_again_us(now_us) {
            let earliest = batch.due.entry(outcome.webhook).or_insert(due_us);
            *earliest = due_us.min(*earliest);
        }
    }
    if !changed.is_empty() {
        batch.lanes = list_lanes(conn, &changed)?;
    }
    Ok(batch)
}

/// What the outcomes mean for their webhooks; returns those held up by it.
fn change_lanes(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    now_us: i64,
    failing_since_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    let mut effects = Vec::new();
    let mut by_webhook = outcomes.to_vec();
    by_webhook.sort_by_key(|outcome| outcome.webhook);
    for outcome in by_webhook {
        match outcome.kind {
            OutcomeKind::Delivered => succeeded.push(outcome.webhook.0),
            OutcomeKind::Retry { .. } | OutcomeKind::Failed if outcome.log.is_some() => {
                failed.push(outcome.webhook.0);
            }
            _ => {}
        }
        if outcome.effect != Effect::None {
            effects.push((outcome.webhook, outcome.effect));
        }
    }
    succeeded.dedup();
    // A batch does not say what came first; a success in it counts.
    failed.retain(|webhook| succeeded.binary_search(webhook).is_err());
    failed.dedup();
    let (succeeded, failed) = list_noteworthy(conn, &succeeded, &failed, now_us, failing_since_us)?;
    let mut touched: Vec<i64> = effects.iter().map(|(webhook, _)| webhook.0).collect();
    touched.extend(succeeded.iter().chain(&failed));
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    // All at once and by id, so that two workers never wait for each other.
    lock_lanes(conn, touched.into_iter())?;
    let mut changed = take_effects(conn, &effects, now_us)?;
    if !succeeded.is_empty() {
        note_successes(conn, &succeeded, now_us)?;
    }
    if !failed.is_empty() {
        for webhook in note_failures(conn, &failed, now_us, failing_since_us)? {
            let webhook = WebhookId(webhook);
            disable_lane(conn, webhook, DisabledReason::Failing, now_us)?;
            changed.push(webhook);
        }
    }
    changed.sort_unstable();
    changed.dedup();
    Ok(changed)
}

fn take_effects(
    conn: &mut Connection<'_>,
    effects: &[(WebhookId, Effect)],
    now_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let mut changed = Vec::new();
    for &(webhook, effect) in effects {
        match effect {
            Effect::None => continue,
            Effect::Disable => {
                disable_lane(conn, webhook, DisabledReason::Gone, now_us)?;
            }
            Effect::Pause(pause) => {
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                pause_lane(conn, webhook, now_us.saturating_add(pause_us), now_us)?;
            }
        }
        changed.push(webhook);
    }
    Ok(changed)
}
