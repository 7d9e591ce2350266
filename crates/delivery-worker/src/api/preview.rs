//! `POST /webhooks/{id}/preview`, `POST /triggers/{id}/preview`: the request that an
//! event would make, without making it.

mod client;
mod order;
mod sample;
mod schema;

use actix_web::web::{Data, Json, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, Caller, JsonBody, Scope, WebhooksRead, WriteProblems, code};

use super::explain::{RuleResponse, describe_refusal, find_refusal};
use super::outgoing::{NotMade, Outgoing};
use super::sentence::sentence;
use crate::address::QueryError;
use crate::attempt::AssemblyError;
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::matching::{Subject, judge};
use crate::registry::any_address;
use crate::render::{RenderError, render};
use crate::state::AppState;
use crate::store::pipelines::list_stages;
use crate::store::webhook_records::{StoredWebhook, find_webhook};
pub(crate) use sample::{Sample, SampleEvent};
pub(crate) use schema::SampleRequest;
use schema::{PreviewRequest, PreviewResponse};

/// Renders the request that a webhook would make of an event now, without making it, and says
/// whether such an event fires it and why.
///
/// Settings, signature and the attempt's time are those of this moment, and no next attempt is told
/// of; nothing is kept.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/preview",
    tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's id")),
    request_body = SampleRequest,
    responses(
        (status = 200, description = "The request", body = PreviewResponse),
        WriteProblems,
    )
)]
pub(crate) async fn preview_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
    body: JsonBody,
) -> Result<Json<PreviewResponse>, ApiError> {
    let id = WebhookId(id.into_inner());
    preview(&state, &caller, WebhookKind::Webhook, id, body).await
}

/// Renders the request that a trigger would make of an event now, without making it, and says
/// whether such an event fires it and why.
///
/// Settings, signature and the attempt's time are those of this moment, and no next attempt is told
/// of; nothing is kept.
#[utoipa::path(
    post,
    path = "/triggers/{id}/preview",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    request_body = SampleRequest,
    responses(
        (status = 200, description = "The request", body = PreviewResponse),
        WriteProblems,
    )
)]
pub(crate) async fn preview_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
    body: JsonBody,
) -> Result<Json<PreviewResponse>, ApiError> {
    let id = WebhookId(id.into_inner());
    preview(&state, &caller, WebhookKind::Trigger, id, body).await
}

async fn preview(
    state: &AppState,
    caller: &Caller,
    kind: WebhookKind,
    id: WebhookId,
    body: JsonBody,
) -> Result<Json<PreviewResponse>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let sample = Sample::read(body.into_fields())?;
    let (stored, sample) = find_with_sample(state, account_id, kind, id, sample).await?;
    let is_open = caller.scopes.permits(Scope::WebhooksWrite);
    let request = preview_request(state, account_id, &stored, &sample, is_open)?;
    let settings = &stored.webhook.config.settings;
    let stages = state
        .read(move |conn| Ok(list_stages(conn, account_id)?))
        .await?;
    let judged = judge(Subject::from(settings), &sample.event, &stages);
    let is_active = stored.webhook.config.active;
    let fires = is_active && judged.iter().all(|result| result.passed);
    let rules = judged.into_iter().map(RuleResponse::from);
    let address = address_rule(state, &settings.url).await;
    Ok(Json(PreviewResponse {
        request,
        fires,
        rules: std::iter::once(active_rule(kind, is_active))
            .chain(rules)
            .chain([address])
            .collect(),
        is_erased: sample.is_erased,
    }))
}

fn active_rule(kind: WebhookKind, is_active: bool) -> RuleResponse {
    let switched = if is_active { "on" } else { "off" };
    RuleResponse::new(
        "active",
        Some(is_active),
        format!("The {} is switched {switched}.", kind.as_str()),
    )
}

/// Says what holds a delivery up, not whether there is one.
async fn address_rule(state: &AppState, url: &str) -> RuleResponse {
    let refusal = find_refusal(state, url).await;
    let detail = match &refusal {
        None => format!("Nothing forbids to call the address behind {url}."),
        Some(why) => describe_refusal(url, why),
    };
    RuleResponse::new("address", Some(refusal.is_none()), detail)
}

/// A webhook, and the event that it shall be tried with.
pub(crate) async fn find_with_sample(
    state: &AppState,
    account_id: AccountId,
    kind: WebhookKind,
    id: WebhookId,
    sample: Sample,
) -> Result<(StoredWebhook, SampleEvent), ApiError> {
    let now = state.clock.now();
    state
        .read(move |conn| {
            let stored = find_webhook(conn, account_id, kind, id)?.ok_or(ApiError::NotFound)?;
            let settings = &stored.webhook.config.settings;
            let sample = sample.clone().resolve(conn, account_id, settings, now)?;
            Ok((stored, sample))
        })
        .await
}

fn preview_request(
    state: &AppState,
    account_id: AccountId,
    stored: &StoredWebhook,
    sample: &SampleEvent,
    is_open: bool,
) -> Result<PreviewRequest, ApiError> {
    let event = &sample.event;
    // Whether the address may be called is said by a rule; the request is shown anyway.
    let outgoing =
        Outgoing::new(&state.keys, &any_address(), account_id, stored).map_err(refuse)?;
    let rendered =
        render(event, &outgoing.render).map_err(|error| refuse(NotMade::Render(error)))?;
    let delivery = DeliveryId::of_event(event.id, stored.webhook.id);
    let revision = event.change.revision();
    let request = outgoing
        .request(rendered, delivery, revision, state.clock.now())
        .map_err(refuse)?;
    Ok(PreviewRequest::new(&request, is_open))
}

/// Why there is nothing to show or to send, by what the caller can do about it.
pub(super) fn refuse(reason: NotMade) -> ApiError {
    let message = sentence(&reason.to_string());
    match reason {
        NotMade::Assembly(AssemblyError::Query(QueryError::TooLong { .. })) => {
            ApiError::field("/parameters", code::TOO_LONG, message)
        }
        NotMade::Render(RenderError::NoFlatBody(_)) => {
            ApiError::field("/event_id", code::INVALID, message)
        }
        _ => ApiError::Conflict { detail: message },
    }
}
