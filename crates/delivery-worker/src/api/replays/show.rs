//! A job as callers see it.

use events::Timestamp;
use serde_json::{Value, json};

use super::{ReplayProgressResponse, ReplayResponse};
use crate::domain::delivery::DeliveryState;
use crate::domain::replay::{
    ReplaySelection, ReplayState, ReplayedState, RetrySelection, Selection,
};
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
            note: in_vain(found, &selection),
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
        percent: percent(found, selection),
        examined: sum(|lane| lane.examined),
        queued: sum(|lane| lane.queued),
        skipped: sum(|lane| lane.skipped),
        pending,
        delivered,
        failed,
        other: all - pending - delivered - failed,
    }
}

/// Why a job that looked through everything queued nothing.
fn in_vain(found: &FoundReplay, selection: &Selection) -> Option<String> {
    let sum = |count: fn(&LaneProgress) -> i64| found.lanes.iter().map(count).sum::<i64>();
    let is_through = matches!(
        found.row.state(),
        Some(ReplayState::Finishing | ReplayState::Done)
    );
    if !is_through || sum(|lane| lane.queued) > 0 {
        return None;
    }
    let (examined, skipped) = (sum(|lane| lane.examined), sum(|lane| lane.skipped));
    Some(match selection {
        _ if skipped > 0 => format!(
            "{skipped} were meant, and none can be sent: a person was erased from it, it \
             is no longer kept, it is still to be sent anyway, or a newer revision is there."
        ),
        Selection::Replay(selection) if examined == 0 => {
            let of_jobs = match selection.state {
                ReplayedState::Ended(_) => {
                    " What an earlier job sent is sent again by POST /deliveries/retry."
                }
                _ => "",
            };
            format!(
                "Nothing of what was asked for happened in the span of time, or it is no longer \
                 kept.{of_jobs}"
            )
        }
        Selection::Replay(selection) if selection.state == ReplayedState::Missing => format!(
            "Of {examined} events none is missing: what fires it as it is set now has a delivery."
        ),
        Selection::Replay(_) => {
            format!("Of {examined} events none fires it as it is set now.")
        }
        Selection::Retry(_) if examined == 0 => {
            "There are no deliveries of what was asked for.".to_owned()
        }
        Selection::Retry(_) => {
            format!("Of {examined} deliveries none is as was asked for.")
        }
    })
}

/// How much was looked through: where a job has many webhooks by those that are
/// done, within one by time where the span is known. It never becomes less, and a job
/// that was cancelled stays where it came to.
fn percent(found: &FoundReplay, selection: &Selection) -> i64 {
    let count = i64::try_from(found.lanes.len()).unwrap_or(i64::MAX);
    match found.row.state() {
        Some(ReplayState::Finishing | ReplayState::Done) => return 100,
        _ if count == 0 => return 100,
        _ => {}
    }
    let is_stopped = found.row.state() != Some(ReplayState::Running);
    let of_lane = |lane: &LaneProgress| match (lane.next_step_us, selection) {
        (None, _) if !is_stopped => 100,
        (_, Selection::Replay(selection)) => {
            let span_us = (selection.until_us - selection.since_us).max(1);
            let done_us = moment_of(&lane.position) - selection.since_us;
            done_us.saturating_mul(100).div_euclid(span_us).clamp(0, 99)
        }
        (_, Selection::Retry(_)) => 0,
    };
    found.lanes.iter().map(of_lane).sum::<i64>() / count
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
