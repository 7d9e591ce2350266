//! Writing down what became of attempts.

mod apply;

use std::collections::BTreeMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::lanes::{
    DisabledReason, LaneRow, disable_lane, list_lanes, note_failures, note_successes, pause_lane,
};
use super::schema::{attempt_bodies, attempts};
use crate::domain::webhook::WebhookId;
use crate::record::{Outcome, OutcomeKind};
use crate::retry::Effect;

/// Rows per statement: both engines bound the number of values.
const ROWS_PER_INSERT: usize = 500;

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

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct NewAttempt<'a> {
    delivery_id: &'a [u8],
    claim_no: i64,
    number: i64,
    settings_version: i64,
    started_at_us: i64,
    duration_us: i64,
    status: Option<i64>,
    error_kind: Option<&'a str>,
    error: Option<&'a str>,
    remote: Option<&'a str>,
}

#[derive(Insertable)]
#[diesel(table_name = attempt_bodies, treat_none_as_default_value = false)]
struct NewAttemptBody<'a> {
    delivery_id: &'a [u8],
    claim_no: i64,
    request_head: &'a [u8],
    request_body: &'a [u8],
    response_head: Option<&'a [u8]>,
    response_body: Option<&'a [u8]>,
    response_complete: bool,
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
    let changed = change_lanes(conn, &ordered, now_us, now_us - disable_after_us)?;
    if !changed.is_empty() {
        batch.lanes = list_lanes(conn, &changed)?;
    }
    Ok(batch)
}

/// Keeps every attempt, whatever its delivery's state has become.
pub(crate) fn insert_attempts(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
) -> Result<(), DatabaseError> {
    let rows: Vec<NewAttempt<'_>> = outcomes
        .iter()
        .filter_map(|outcome| {
            let log = outcome.log.as_ref()?;
            Some(NewAttempt {
                delivery_id: outcome.delivery.as_bytes(),
                claim_no: outcome.claim_no,
                number: log.number,
                settings_version: log.settings_version,
                started_at_us: log.started_at.0,
                duration_us: log.duration_us,
                status: log.status,
                error_kind: log.error_kind,
                error: log.error.as_deref(),
                remote: log.remote.as_deref(),
            })
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        on_backend!(conn, |c| diesel::insert_into(attempts::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Keeps what was sent and received.
pub(crate) fn insert_attempt_bodies(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
) -> Result<(), DatabaseError> {
    let rows: Vec<NewAttemptBody<'_>> = outcomes
        .iter()
        .filter_map(|outcome| {
            let log = outcome.log.as_ref()?;
            Some(NewAttemptBody {
                delivery_id: outcome.delivery.as_bytes(),
                claim_no: outcome.claim_no,
                request_head: log.request_head.as_bytes(),
                request_body: &log.request_body,
                response_head: log.response.as_ref().map(|answer| answer.head.as_slice()),
                response_body: log.response.as_ref().map(|answer| &*answer.body),
                response_complete: log
                    .response
                    .as_ref()
                    .is_some_and(|answer| answer.is_complete),
            })
        })
        .collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        on_backend!(conn, |c| diesel::insert_into(attempt_bodies::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// What the outcomes mean for their webhooks; returns those held up by it.
fn change_lanes(
    conn: &mut Connection<'_>,
    outcomes: &[&Outcome],
    now_us: i64,
    failing_since_us: i64,
) -> Result<Vec<WebhookId>, DatabaseError> {
    let (mut succeeded, mut failed) = (Vec::new(), Vec::new());
    let mut changed = Vec::new();
    // One after the other by id: two workers lock lanes in the same order.
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
        match outcome.effect {
            Effect::None => {}
            Effect::Disable => {
                disable_lane(conn, outcome.webhook, DisabledReason::Gone, now_us)?;
                changed.push(outcome.webhook);
            }
            Effect::Pause(pause) => {
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                pause_lane(
                    conn,
                    outcome.webhook,
                    now_us.saturating_add(pause_us),
                    now_us,
                )?;
                changed.push(outcome.webhook);
            }
        }
    }
    succeeded.dedup();
    // A batch does not say what came first; a success in it counts.
    failed.retain(|webhook| succeeded.binary_search(webhook).is_err());
    failed.dedup();
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
    changed.dedup();
    Ok(changed)
}
