//! `POST /webhooks/{id}/replay` and `POST /triggers/{id}/replay`.

use actix_web::web::{Data, Path};
use events::{AccountId, Timestamp};
use http_api::{
    ApiError, Authorized, Caller, Fields, Invalid, JsonBody, WebhooksWrite, WriteProblems, code,
};
use idempotency::{Answer, Idempotency};

use super::read::{read_event_types, read_force, read_moment, read_rate};
use super::{ReplayRequest, ReplayResponse, accept};
use crate::domain::delivery::DeliveryState;
use crate::domain::replay::{ReplaySelection, ReplayedState, Selection};
use crate::domain::webhook::{EventSwitches, WebhookId, WebhookKind, WebhookSettings};
use crate::replay::time_prefix::start_of;
use crate::state::AppState;
use crate::store::replays::NewReplay;
use crate::store::webhook_records::find_webhook;

/// Sends events of the past to a webhook, as a job that goes on by itself.
///
/// Each event is a new delivery with a `webhook-id` of its own and the origin `replay`, rendered by
/// the webhook's present settings. Live traffic goes first: the job has a small window of deliveries
/// waiting, and none is added while as much live traffic waits. What a person was erased from, what
/// is no longer kept, and what is still to be sent anyway is skipped. Asking for types of events
/// that the webhook does not fire on is refused, unless `state` asks for deliveries of before.
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
        .read(move |conn| Ok(find_webhook(conn, account_id, kind, webhook)?))
        .await?;
    let found = found.ok_or(ApiError::NotFound)?.webhook;
    let mut fields = body.into_fields();
    let selection = read_selection(&mut fields, state.clock.now());
    refuse_what_never_fires_it(&mut fields, &selection, &found.config.settings);
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
    let sent = fields.peek("state").and_then(|state| state.as_str());
    let known = match sent.and_then(DeliveryState::parse).and_then(never_replayed) {
        Some(why) => fields.custom("state", |_| Err(Invalid::new(code::UNKNOWN_VALUE, why))),
        None => fields.one_of("state", &ReplayedState::names()),
    };
    known.unwrap_or(ReplayedState::Any)
}

/// Why there is nothing to replay in a state, in a sentence that says what to do.
fn never_replayed(state: DeliveryState) -> Option<&'static str> {
    match state {
        DeliveryState::Pending => {
            Some("What is pending is sent anyway; to send it now, use POST /deliveries/retry.")
        }
        DeliveryState::Dropped => Some(
            "Only what a deleted webhook still had to send was dropped; leave state out to send \
             those events to this one.",
        ),
        _ => None,
    }
}

/// Events of other types would be looked through, and none of them sent. What has a
/// delivery may be of a type that fired it when that was made.
fn refuse_what_never_fires_it(
    fields: &mut Fields,
    selection: &ReplaySelection,
    settings: &WebhookSettings,
) {
    if let ReplayedState::Ended(_) = selection.state {
        return;
    }
    let never: Vec<&str> = selection
        .events
        .iter()
        .map(String::as_str)
        .filter(|name| {
            let switch = EventSwitches::from_names([*name]);
            switch.is_ok_and(|switch| !settings.events.intersects(switch))
        })
        .collect();
    if !never.is_empty() {
        let (noun, never) = (settings.kind().as_str(), never.join(" and "));
        fields.error(
            "events",
            code::INVALID,
            format!(
                "The {noun} does not fire on {never} as it is set now; leave that out, or change \
                 the {noun} first."
            ),
        );
    }
}
