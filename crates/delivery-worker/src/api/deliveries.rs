//! `/deliveries`: what became of every callback.

pub(super) mod attempt;
mod fired;
mod first_attempt;
pub(crate) mod get;
pub(crate) mod list;
mod obstacle;
pub(crate) mod retry;

pub(crate) use get::get_delivery;
pub(crate) use list::list_deliveries;
pub(in crate::api) use obstacle::{Obstacle, describe_turn};
pub(crate) use retry::retry_delivery;

use events::Timestamp;
use http_api::ApiError;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::ordering::WHEN_FREED_US;
use crate::state::AppState;
use crate::store::delivery_log::LoggedDelivery;

/// A delivery: one event for one webhook, or one test request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DeliveryResponse {
    /// Its id, which receivers see as `webhook-id`. Ids grow with the time of their events.
    #[schema(format = "uuid")]
    id: String,
    /// The webhook or trigger; it may have been deleted.
    webhook_id: i64,
    /// Its name now.
    webhook_name: String,
    /// `webhook` or `trigger`.
    #[schema(example = "trigger")]
    kind: String,
    /// The event; null for a test request.
    #[schema(format = "uuid")]
    event_id: Option<String>,
    /// The event's type, or `test`.
    #[serde(rename = "type")]
    #[schema(example = "order.edit")]
    event_type: String,
    /// `order`, `task`, `client` or `webhook`; null for a test request.
    component: Option<String>,
    /// The record; null for a deletion of all tasks of an order, for `webhook.disabled` and for a
    /// test request.
    record_id: Option<i64>,
    /// The record's revision; null where the event is not of one record.
    revision: Option<i64>,
    /// `event`, `replay` or `test`.
    origin: String,
    /// `pending`, `delivered`, `failed`, `skipped`, `expired` or `dropped` (its webhook was
    /// deleted).
    state: String,
    /// Whether it is pending and waits for its webhook: see `waits_for`.
    held: bool,
    /// What it waits for besides its time. For its webhook: `inactive` (switched off), `disabled`,
    /// `paused` (by a person or by the receiver), `breaker` (too many requests failed in a row) or
    /// `unusable` (its secret or settings cannot be read). Where the webhook wants a record's
    /// changes in order or only the latest: `record` (another delivery of its record is before it or
    /// under way) or `gap` (a revision before its own has not arrived). Null otherwise.
    #[schema(example = "breaker")]
    waits_for: Option<String>,
    /// When what it waits for ends by itself, RFC 3339; null if that is not known, or somebody has
    /// to act.
    #[schema(format = DateTime)]
    waits_until: Option<String>,
    /// The same in sentences, with what ends it; null where nothing but its time is waited for.
    #[schema(example = "The webhook is paused. It is sent when that ends.")]
    waits_because: Option<String>,
    /// `add` where an edit is sent as an add: the add itself was skipped, so that the receiver has
    /// not been told of the record. Null otherwise.
    #[schema(example = "add")]
    send_as: Option<String>,
    /// How many earlier changes of its record, which were skipped, it stands for.
    coalesced: i64,
    /// How many requests were made.
    attempts: i64,
    /// When it is due next, RFC 3339; null if it is over, held, or waits for another delivery.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// The status of the last answer; null if the last request had none.
    last_status: Option<i64>,
    /// What was wrong with the last attempt, or why there was none: of a skipped one, what stands
    /// for it.
    last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    last_ms: Option<i64>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it came to its end, RFC 3339.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// When it was erased because a person whom it told of asked to be forgotten, RFC 3339: what
    /// was sent and answered is gone, and it cannot be retried. Null otherwise.
    #[schema(format = DateTime)]
    erased_at: Option<String>,
}

impl DeliveryResponse {
    /// `unusable` says why nothing can be sent for its webhook, if that is so.
    pub(super) fn new(delivery: LoggedDelivery, unusable: Option<&str>, now: Timestamp) -> Self {
        let is_pending = delivery.is_pending();
        let obstacle = Obstacle::of(&delivery, unusable, now);
        let turn = delivery.row.held_for.clone().filter(|_| is_pending);
        let waits_until = obstacle.and_then(|it| it.until(&delivery.standing));
        let waits_because = match obstacle {
            Some(obstacle) => {
                let why = obstacle.describe(&delivery, unusable, now);
                Some(format!("{why} {}", obstacle.way_out(&delivery)))
            }
            None => turn
                .as_deref()
                .map(|turn| format!("It waits for its turn: {}.", describe_turn(turn))),
        };
        let held = obstacle.is_some();
        let LoggedDelivery { row, webhook, .. } = delivery;
        let rfc3339 = |micros: i64| Timestamp(micros).to_rfc3339();
        let waits_for = obstacle.map(|it| it.as_str().to_owned()).or(turn);
        let is_due_by_time = is_pending && !held && row.due_at_us < WHEN_FREED_US;
        let next_attempt_at = is_due_by_time.then(|| rfc3339(row.due_at_us));
        Self {
            id: show_uuid(&row.id),
            webhook_id: row.webhook_id,
            webhook_name: webhook.name,
            kind: webhook.kind,
            event_id: row.event_id.as_deref().map(show_uuid),
            component: row.event_id.is_some().then_some(row.component),
            event_type: row.event_type,
            record_id: row.record_id,
            revision: row.revision,
            origin: row.origin,
            state: row.state,
            held,
            waits_for,
            waits_until: waits_until.map(Timestamp::to_rfc3339),
            waits_because,
            send_as: row.send_as,
            coalesced: row.coalesced.unwrap_or(0),
            attempts: row.attempts,
            next_attempt_at,
            last_status: row.last_status,
            last_error: row.last_error,
            last_ms: row.last_duration_us.map(to_millis),
            created_at: rfc3339(row.created_at_us),
            finished_at: row.finished_at_us.map(rfc3339),
            erased_at: row.erased_at_us.map(rfc3339),
        }
    }
}

/// Why nothing can be sent for a delivery's webhook, if that is so.
fn unusable(state: &AppState, delivery: &LoggedDelivery) -> Option<String> {
    let webhook = WebhookId(delivery.row.webhook_id);
    state.engine.registry.why_unusable(webhook)
}

fn show_uuid(bytes: &[u8]) -> String {
    Uuid::from_slice(bytes).map_or_else(
        |_other_length| String::new(),
        |id| id.hyphenated().to_string(),
    )
}

/// Whole milliseconds, rounded.
fn to_millis(micros: i64) -> i64 {
    (micros + 500).div_euclid(1_000)
}

/// The id in a path; one that is none names nothing.
fn read_id(text: &str) -> Result<DeliveryId, ApiError> {
    Uuid::try_parse(text)
        .map(DeliveryId)
        .map_err(|_not_an_id| ApiError::NotFound)
}
