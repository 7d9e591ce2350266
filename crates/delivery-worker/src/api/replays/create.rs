//! `POST /webhooks/{id}/replay` and `POST /triggers/{id}/replay`.

use actix_web::web::{Data, Path};
use events::{AccountId, Timestamp};
use http_api::{
    ApiError, Authorized, Caller, Fields, JsonBody, WebhooksWrite, WriteProblems, code,
};
use idempotency::{Answer, Idempotency};

use super::read::{read_event_types, read_force, read_moment, read_rate};
use super::{ReplayRequest, ReplayResponse, accept};
use crate::domain::delivery::DeliveryState;
use crate::domain::replay::{ReplaySelection, ReplayedState, Selection};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::replay::time_prefix::start_of;
use crate::state::AppState;
use crate::store::replays::NewReplay;
use crate::store::webhook_records::find_webhook;

/// Sends events of the past to a webhook, as a job that goes on by itself.
///
/// Each event is a new delivery with a `webhook-id` of its own and the origin `replay`, rendered by
/// the webhook's present settings. Live traffic goes first: the job has a small window of deliveries
/// waiting, and none is added while as much live traffic waits. What a person was erased from, what
/// is no longer kept, and what is still to be sent anyway is skipped.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/replay",
    tag = "replays",
    params(
        ("id" = i64, Path, description = "The webhook's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    request_body = ReplayRequest,
    responses(
        (status = 202, description = "The job; `Location` says where to look", body = ReplayResponse),
        WriteProblems,
    )
)]
pub(crate) async fn replay_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    create(
        WebhookKind::Webhook,
        &state,
        &caller,
        *id,
        idempotency,
        body,
    )
    .await
}

/// Sends events of the past to a trigger, as a job that goes on by itself.
///
/// As for a webhook.
#[utoipa::path(
    post,
    path = "/triggers/{id}/replay",
    tag = "replays",
    params(
        ("id" = i64, Path, description = "The trigger's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    request_body = ReplayRequest,
    responses(
        (status = 202, description = "The job; `Location` says where to look", body = ReplayResponse),
        WriteProblems,
    )
)]
pub(crate) async fn replay_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    create(
        WebhookKind::Trigger,
        &state,
        &caller,
        *id,
        idempotency,
        body,
    )
    .await
}

async fn create(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let (account_id, webhook) = (AccountId(caller.account_id), WebhookId(id));
    let sha256 = body.sha256();
    // What is not there is told before what is wrong with the request.
    let found = state
        .read(move |conn| Ok(find_webhook(conn, account_id, kind, webhook)?.is_some()))
        .await?;
    if !found {
        return Err(ApiError::NotFound);
    }
    let mut fields = body.into_fields();
    let selection = read_selection(&mut fields, state.clock.now());
    let rate_per_second = read_rate(&mut fields);
    fields.finish()?;
    let new = NewReplay {
        account_id,
        webhook: Some(webhook),
        rate_per_second,
        lanes: vec![webhook],
        position: start_of(selection.since_us),
        selection: Selection::Replay(selection),
    };
    accept(state, caller, idempotency, sha256, move |conn| {
        // It may have been deleted since it was looked at.
        if find_webhook(conn, account_id, kind, webhook)?.is_none() {
            return Err(ApiError::NotFound.into());
        }
        Ok(new.clone())
    })
    .await
}

fn read_selection(fields: &mut Fields, now: Timestamp) -> ReplaySelection {
    let since = read_moment(fields, "since");
    let since = fields.require("since", since.map(Some));
    let until = read_moment(fields, "until").value();
    let until = until.map_or(now, |until| until.min(now));
    if let Some(since) = since
        && !fields.has_error_at("until")
        && since >= until
    {
        let (key, message) = if since >= now {
            ("since", "Send a time that has passed.")
        } else {
            ("until", "Send a time after since.")
        };
        fields.error(key, code::OUT_OF_RANGE, message);
    }
    let events = read_event_types(fields, "events");
    ReplaySelection {
        since_us: since.map_or(0, |since| since.0.max(0)),
        until_us: until.0,
        events,
        state: read_state(fields),
        force: read_force(fields),
    }
}

fn read_state(fields: &mut Fields) -> ReplayedState {
    let pending = DeliveryState::Pending.as_str();
    if fields.peek("state").and_then(|state| state.as_str()) == Some(pending) {
        fields.error(
            "state",
            code::UNKNOWN_VALUE,
            "What is pending is sent anyway; to send it now, use POST /deliveries/retry.",
        );
    }
    let names = ReplayedState::names();
    let known = fields.one_of("state", &names);
    known.unwrap_or(ReplayedState::Any)
}
