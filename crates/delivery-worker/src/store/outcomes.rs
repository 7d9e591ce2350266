//! Writing down what became of attempts.

mod apply;
mod attempts;
mod health;
mod in_turn;

use std::collections::{BTreeMap, HashMap};

use database::{Connection, DatabaseError};

use super::claims::lock_lanes;
use super::disabling::{Announced, DeliveryTerms, disable_webhook};
use super::lanes::{
    DisabledReason, LaneRow, list_lanes, list_noteworthy, note_failures, note_successes, pause_lane,
};
use crate::config::BreakerConfig;
use crate::domain::webhook::WebhookId;
use crate::lane::Breaker;
use crate::ordering::Keeping;
use crate::record::{Outcome, OutcomeKind};
use crate::retry::{Effect, Health};
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
    /// Lanes that were paused, disabled, or freed.
    pub(crate) lanes: Vec<LaneRow>,
    /// Circuit breakers that opened or closed.
    pub(crate) breakers: Vec<(WebhookId, Breaker)>,
}

/// What outcomes may do to webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Consequences {
    /// A webhook is disabled that fails for so long without a success.
    pub(crate) disable_after_us: i64,
    /// When it is left alone.
    pub(crate) breaker: BreakerConfig,
    /// How deliveries begin that tell of a webhook which was disabled.
    pub(crate) deliveries: DeliveryTerms,
    /// The webhooks whose deliveries wait for each other.
    pub(crate) kept: HashMap<WebhookId, Keeping>,
}

/// Records a batch. Bears to be run again on the same outcomes.
pub(crate) fn record_outcomes(
    conn: &mut Connection<'_>,
    outcomes: &[Outcome],
    detail: Detail,
    consequences: &Consequences,
) -> Result<RecordedBatch, DatabaseError> {
    let now_us = conn.now_us()?;
    // In one order everywhere, so that two workers never wait for each other.
    let mut ordered: Vec<&Outcome> = outcomes.iter().collect();
    ordered.sort_unstable_by_key(|outcome| outcome.delivery);
    // Lanes before deliveries, as where deliveries are claimed.
    let LaneChanges {
        mut changed,
        locked,
        announced,
    } = change_lanes(conn, &ordered, now_us, consequences)?;
    let result = apply::apply(conn, &ordered, detail, now_us)?;
    let applied = &result.deliveries;
    let freed = in_turn::settle(conn, &ordered, applied, &consequences.kept, now_us)?;
    let breaker = &consequences.breaker;
    let breakers = health::take_over(conn, outcomes, &locked, applied, breaker, now_us)?;
    changed.extend(breakers.iter().map(|(webhook, _)| *webhook));
    let apart: Vec<&Outcome> = ordered
        .iter()
        .filter(|outcome| !result.keeps_attempt_of(outcome))
        .copied()
        .collect();
    if detail != Detail::StateOnly {
        insert_attempts(conn, &apart)?;
    }
    if detail == Detail::Full {
        insert_attempt_bodies(conn, &apart)?;
    }
    let mut batch = RecordedBatch {
        now_us,
        breakers,
        ..RecordedBatch::default()
    };
    for outcome in ordered.iter().filter(|o| applied.contains(&o.delivery)) {
        if let Some(due_us) = outcome.due_again_us(now_us) {
            let earliest = batch.due.entry(outcome.webhook).or_insert(due_us);
            *earliest = due_us.min(*earliest);
        }
    }
    for webhook in freed {
        batch.due.insert(webhook, now_us);
    }
    for Announced { webhook, due_at_us } in announced {
        let earliest = batch.due.entry(webhook).or_insert(due_at_us);
        *earliest = due_at_us.min(*earliest);
    }
    if !changed.is_empty() {
        batch.lanes = list_lanes(conn, &changed)?;
    }
    Ok(batch)
}

/// What happened to lanes.
#[derive(Debug, Default)]
struct LaneChanges {
    /// Those held up by it.
    changed: Vec<WebhookId>,
    /// Those that are locked until the commit.
    locked: Vec<i64>,
    /// Deliveries that tell of those disabled.
    announced: Vec<Announced>,
}

/// What the outcomes mean for their webhooks, but for their circuit breakers.
fn change_lanes(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    now_us: i64,
    consequences: &Consequences,
) -> Result<LaneChanges, DatabaseError> {
    let failing_since_us = now_us - consequences.disable_after_us;
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    let mut effects = Vec::new();
    let mut unhealthy = Vec::new();
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
        if outcome.health == Health::Failure {
            unhealthy.push(outcome.webhook.0);
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
    let webhooks = outcomes.iter().map(|outcome| outcome.webhook);
    touched.extend(
        webhooks
            .filter(|it| consequences.kept.contains_key(it))
            .map(|it| it.0),
    );
    touched.extend(succeeded.iter().chain(&failed).chain(&unhealthy));
    if touched.is_empty() {
        return Ok(LaneChanges::default());
    }
    touched.sort_unstable();
    touched.dedup();
    // All at once and by id, so that two workers never wait for each other.
    lock_lanes(conn, touched.iter().copied())?;
    let (mut changed, mut announced) =
        take_effects(conn, &effects, now_us, &consequences.deliveries)?;
    if !succeeded.is_empty() {
        note_successes(conn, &succeeded, now_us)?;
    }
    if !failed.is_empty() {
        for webhook in note_failures(conn, &failed, now_us, failing_since_us)? {
            let webhook = WebhookId(webhook);
            let terms = &consequences.deliveries;
            let reason = DisabledReason::Failing;
            announced.extend(disable_webhook(conn, webhook, reason, terms, now_us)?);
            changed.push(webhook);
        }
    }
    changed.sort_unstable();
    changed.dedup();
    Ok(LaneChanges {
        changed,
        locked: touched,
        announced,
    })
}

fn take_effects(
    conn: &mut Connection<'_>,
    effects: &[(WebhookId, Effect)],
    now_us: i64,
    terms: &DeliveryTerms,
) -> Result<(Vec<WebhookId>, Vec<Announced>), DatabaseError> {
    let (mut changed, mut announced) = (Vec::new(), Vec::new());
    for &(webhook, effect) in effects {
        match effect {
            Effect::None => continue,
            Effect::Disable => {
                let reason = DisabledReason::Gone;
                announced.extend(disable_webhook(conn, webhook, reason, terms, now_us)?);
            }
            Effect::Pause(pause) => {
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                pause_lane(conn, webhook, now_us.saturating_add(pause_us), now_us)?;
            }
        }
        changed.push(webhook);
    }
    Ok((changed, announced))
}
