//! A job as callers see it.

use events::Timestamp;
use serde_json::{Value, json};

use super::{ReplayProgressResponse, ReplayResponse};
use crate::domain::delivery::DeliveryState;
use crate::domain::replay::{ReplaySelection, RetrySelection, Selection};
use crate::replay::time_prefix::moment_of;
use crate::store::error::StoreError;
use crate::store::replays::{FoundReplay, LaneProgress};

impl ReplayResponse {
    pub(super) fn new(found: &FoundReplay) -> Result<Self, StoreError> {
        let row = &found.row;
        let selection = row.selection()?;
        Ok(Self {
            id: row.id,
            kind: selection.kind(),
            webhook_id: row.webhook_id,
            state: row.state.clone(),
            reason: row.reason.clone(),
            rate_per_second: row.rate_per_second,
            progress: progress(found, &selection),
            selection: match &selection {
                Selection::Replay(selection) => show_replay(selection),
                Selection::Retry(selection) => show_retry(selection),
            },
            created_at: rfc3339(row.created_at_us),
            updated_at: rfc3339(row.updated_at_us),
            finished_at: row.finished_at_us.map(rfc3339),
        })
    }
}

fn rfc3339(micros: i64) -> String {
    Timestamp(micros).to_rfc3339()
}

fn progress(found: &FoundReplay, selection: &Selection) -> ReplayProgressResponse {
    let sum = |count: fn(&LaneProgress) -> i64| found.lanes.iter().map(count).sum();
    let of_state = |state: DeliveryState| found.totals.get(state.as_str()).copied().unwrap_or(0);
    let all: i64 = found.totals.values().sum();
    let pending = of_state(DeliveryState::Pending);
    let delivered = of_state(DeliveryState::Delivered);
    let failed = of_state(DeliveryState::Failed);
    ReplayProgressResponse {
        percent: percent(&found.lanes, selection),
        examined: sum(|lane| lane.examined),
        queued: sum(|lane| lane.queued),
        skipped: sum(|lane| lane.skipped),
        pending,
        delivered,
        failed,
        other: all - pending - delivered - failed,
    }
}

/// How much was looked through: where a job has many webhooks by those that are
/// done, within one by time where the span is known.
fn percent(lanes: &[LaneProgress], selection: &Selection) -> i64 {
    let count = i64::try_from(lanes.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return 100;
    }
    let of_lane = |lane: &LaneProgress| match (lane.next_step_us, selection) {
        (None, Selection::Replay(selection)) if moment_of(&lane.position) < selection.since_us => 0,
        (None, _) => 100,
        (Some(_), Selection::Replay(selection)) => {
            let span_us = (selection.until_us - selection.since_us).max(1);
            let done_us = moment_of(&lane.position) - selection.since_us;
            done_us.saturating_mul(100).div_euclid(span_us).clamp(0, 99)
        }
        (Some(_), Selection::Retry(_)) => 0,
    };
    lanes.iter().map(of_lane).sum::<i64>() / count
}

fn show_replay(selection: &ReplaySelection) -> Value {
    json!({
        "since": rfc3339(selection.since_us),
        "until": rfc3339(selection.until_us),
        "events": selection.events,
        "state": selection.state.wire_name(),
        "force": selection.force,
    })
}

fn show_retry(selection: &RetrySelection) -> Value {
    json!({
        "webhook": selection.webhook_ids,
        "kind": selection.kinds,
        "state": selection.states,
        "component": selection.component,
        "record_id": selection.record_ids,
        "event": selection.events,
        "event_id": selection.event_id,
        "origin": selection.origins,
        "created_from": selection.created_from_us.map(rfc3339),
        "created_to": selection.created_to_us.map(rfc3339),
        "force": selection.force,
    })
}
