//! `GET /webhooks/{id}/explain`, `GET /triggers/{id}/explain`.

use actix_web::web::{Data, Json, Path};
use events::{AccountId, EventId};
use http_api::{ApiError, Authorized, Caller, QueryParams, ReadProblems, WebhooksRead, code};
use utoipa::IntoParams;
use uuid::Uuid;

use super::ExplanationResponse;
use super::address::find_refusal;
use super::facts::{Facts, find_facts};
use super::outcome::Now;
use super::verdict::explain;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;

/// What is asked about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct ExplainParams {
    /// The event's id.
    #[param(format = "uuid")]
    event_id: String,
}

/// Why an event was delivered to a webhook, or was not, rule by rule.
///
/// The event is judged by the settings that were in force when it came, by the same rules as then.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/explain",
    tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's id"), ExplainParams),
    responses(
        (status = 200, description = "What became of the event", body = ExplanationResponse),
        ReadProblems,
    )
)]
pub(crate) async fn explain_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
    query: QueryParams,
) -> Result<Json<ExplanationResponse>, ApiError> {
    explain_kind(&state, &caller, WebhookKind::Webhook, *id, query).await
}

/// Why an event was delivered for a trigger, or was not, rule by rule.
///
/// The event is judged by the settings that were in force when it came, by the same rules as then.
#[utoipa::path(
    get,
    path = "/triggers/{id}/explain",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id"), ExplainParams),
    responses(
        (status = 200, description = "What became of the event", body = ExplanationResponse),
        ReadProblems,
    )
)]
pub(crate) async fn explain_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
    query: QueryParams,
) -> Result<Json<ExplanationResponse>, ApiError> {
    explain_kind(&state, &caller, WebhookKind::Trigger, *id, query).await
}

async fn explain_kind(
    state: &AppState,
    caller: &Caller,
    kind: WebhookKind,
    id: i64,
    mut query: QueryParams,
) -> Result<Json<ExplanationResponse>, ApiError> {
    let event_id = read_event_id(&mut query);
    query.finish()?;
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id));
    let facts = state
        .read(move |conn| find_facts(conn, account_id, kind, id, event_id))
        .await?;
    let now = look_now(state, id, &facts).await;
    Ok(Json(explain(id, event_id, facts, &now)))
}

fn read_event_id(query: &mut QueryParams) -> EventId {
    let text = query.text("event_id");
    let id = text
        .as_deref()
        .and_then(|text| Uuid::try_parse(text).ok())
        .map(EventId);
    if id.is_none() {
        let code = match text {
            Some(_) => code::INVALID,
            None => code::REQUIRED,
        };
        query.error(
            "event_id",
            code,
            "Send the id of an event, a UUID, as `event_id` of a delivery and `id` of an envelope show it.",
        );
    }
    // After an error nobody uses it.
    id.unwrap_or(EventId(Uuid::nil()))
}

/// What the pipeline knows now. The address is looked at only of a delivery that
/// no attempt was made for: of the others the last attempt tells.
async fn look_now(state: &AppState, id: WebhookId, facts: &Facts) -> Now {
    let unusable = state.engine.registry.why_unusable(id);
    let is_untried = facts
        .delivery
        .as_ref()
        .is_some_and(|delivery| delivery.is_pending() && delivery.row.attempts == 0);
    let refusal = match is_untried {
        true => find_refusal(state, &facts.url).await,
        false => None,
    };
    Now {
        time: state.clock.now(),
        unusable,
        refusal,
    }
}
