//! `/replays`: jobs that send again what was sent before, or what never was.

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
mod read;
pub(crate) mod retry;
mod show;

pub(crate) use cancel::cancel_replay;
pub(crate) use create::{replay_trigger, replay_webhook};
pub(crate) use get::get_replay;
pub(crate) use list::list_replays;
pub(crate) use retry::retry_deliveries;

use database::Connection;
use http_api::{API_PREFIX, ApiError, Caller};
use idempotency::{Answer, Idempotency, Outcome};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::replay::{MAX_OPEN_REPLAYS, ReplayId};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::replays::{NewReplay, count_open_replays, insert_replay};

/// Which events to replay.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct ReplayRequest {
    /// Events of this moment or later, RFC 3339 or whole Unix seconds.
    #[schema(format = DateTime)]
    since: String,
    /// Events before this moment; now unless given, and not later than now.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Only events of these types; of all unless given.
    #[schema(example = json!(["order.add"]))]
    events: Option<Vec<String>>,
    /// Only events whose delivery to it is `delivered`, `failed`, `skipped` or `expired`, or that
    /// fire it as it is set now, were never queued for it and not brought by an earlier job
    /// (`missing`). Unless given, all that fire it as it is set now.
    #[schema(example = "failed")]
    state: Option<String>,
    /// How many deliveries to queue per second, 1 to 1000; as fast as it can without standing in
    /// the way of live traffic unless given. At most a quarter of them wait to be sent at a time, so
    /// after a stall no more than that comes on top.
    rate_per_second: Option<i64>,
    /// Whether a webhook that is `ordered` or `latest_only` also gets revisions that are older than
    /// one that it has; false unless given.
    force: Option<bool>,
}

/// Which deliveries to retry: filters as `GET /deliveries` has them, each a value or a list.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct RetryDeliveriesRequest {
    /// Of these webhooks; also as `webhook_id`, `trigger` and `trigger_id`. One that is not there is
    /// refused.
    webhook: Option<Vec<i64>>,
    /// Of webhooks or of triggers: `webhook` or `trigger`.
    kind: Option<Vec<String>>,
    /// In these states; `failed` and `expired` unless given. `delivered` needs `force`; `dropped` is
    /// refused, since its webhook was deleted.
    #[schema(example = json!(["failed"]))]
    state: Option<Vec<String>>,
    /// `order`, `task` or `client`.
    component: Option<String>,
    /// Of these records. Name the component as well: ids are counted per component.
    record_id: Option<Vec<i64>>,
    /// Of events of these types.
    event: Option<Vec<String>>,
    /// Of this event.
    #[schema(format = "uuid")]
    event_id: Option<String>,
    /// `event` or `replay`.
    origin: Option<Vec<String>>,
    /// Made at or after this time, RFC 3339 or whole Unix seconds.
    #[schema(format = DateTime)]
    created_from: Option<String>,
    /// Made before this time. Those that are made after this request are never retried.
    #[schema(format = DateTime)]
    created_to: Option<String>,
    /// How many deliveries of each webhook to make due per second, 1 to 1000.
    rate_per_second: Option<i64>,
    /// Whether to send those again that were delivered, and old revisions to webhooks that are
    /// `ordered` or `latest_only`; false unless given.
    force: Option<bool>,
}

/// A job that sends again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReplayResponse {
    /// Its id.
    id: i64,
    /// `replay` makes new deliveries of events, each with a `webhook-id` of its own; `retry` makes
    /// deliveries due that are there.
    #[schema(example = "replay")]
    kind: &'static str,
    /// The webhook or trigger of a replay; null for a retry.
    webhook_id: Option<i64>,
    /// `running`, `finishing` (all is queued, some still has to be sent), `done`, `cancelling` or
    /// `cancelled`.
    #[schema(example = "running")]
    state: String,
    /// Why it was cancelled if nobody asked for it: `webhook_deleted`.
    reason: Option<String>,
    /// Why nothing was queued, a sentence for people, once all was looked through; null if something
    /// was, and before.
    #[schema(example = "Of 3 events none fires it as it is set now.")]
    note: Option<String>,
    /// What was asked for, with what holds where nothing was said.
    #[schema(value_type = Object)]
    selection: Value,
    /// How many deliveries it queues per second at most; null without a limit.
    rate_per_second: Option<i64>,
    /// How far it is.
    progress: ReplayProgressResponse,
    /// RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last went on, RFC 3339.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was over, RFC 3339.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReplayProgressResponse {
    /// How much was looked through, 0 to 100: of a replay which part of its span of time, of a retry
    /// how many of its webhooks. It says nothing about how many deliveries are still to come, since
    /// changes are seldom spread evenly, and 100 means that all are queued. It never becomes less.
    percent: i64,
    /// Events or deliveries that were looked at.
    examined: i64,
    /// Deliveries that were queued.
    queued: i64,
    /// Meant but left out: a person was erased from it, its event is no longer kept, it is still to
    /// be sent anyway, it was delivered (a retry without `force`), or a newer revision is there.
    skipped: i64,
    /// Queued and not over yet.
    pending: i64,
    /// Taken by the receiver.
    delivered: i64,
    /// Given up.
    failed: i64,
    /// Ended otherwise: taken back, expired, or the webhook was deleted.
    other: i64,
}

/// Writes a job down; a repeat with the same key makes no second one.
async fn accept<F>(
    state: &AppState,
    caller: &Caller,
    idempotency: Idempotency,
    body_sha256: [u8; 32],
    mut plan: F,
) -> Result<Answer, ApiError>
where
    F: FnMut(&mut Connection<'_>) -> Result<NewReplay, StoreError> + Send + 'static,
{
    let outcome = idempotency
        .run_with(&state.database, caller, body_sha256, move |conn| {
            let new = plan(conn)?;
            if count_open_replays(conn, new.account_id)? >= MAX_OPEN_REPLAYS {
                return Err(StoreError::Refused(too_many()));
            }
            let shown = ReplayResponse::new(&insert_replay(conn, &new)?)?;
            let location = format!("{API_PREFIX}/replays/{}", shown.id);
            Ok((Answer::accepted(location, &shown)?, ()))
        })
        .await?;
    state.engine.replay_wake.notify_one();
    Ok(match outcome {
        Outcome::Done(answer, ()) | Outcome::Repeated(answer) => answer,
    })
}

fn too_many() -> ApiError {
    ApiError::Conflict {
        detail: format!(
            "There are {MAX_OPEN_REPLAYS} replays that are not over, and that is the most; wait, \
             or cancel one."
        ),
    }
}

/// The id in a path; one that is none names nothing.
fn read_id(text: &str) -> Result<ReplayId, ApiError> {
    text.parse()
        .map(ReplayId)
        .map_err(|_not_a_number| ApiError::NotFound)
}
