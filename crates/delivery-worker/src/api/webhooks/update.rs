//! `PATCH /webhooks/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, IfMatch, JsonBody, Record, WebhooksWrite, WriteProblems};

use super::{UpdateWebhookRequest, WebhookResponse};
use crate::api::callbacks::{self, Shown, Updated};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Changes a webhook (JSON merge patch), then sends it the test request and waits for what comes
/// of it, 3 s at most.
///
/// The change is there whatever the receiver does. `active: true` also ends the state `disabled`:
/// deliveries that waited go out. A patch that changes nothing sends no test and makes no new
/// revision.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(
        ("id" = i64, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = UpdateWebhookRequest,
    responses(
        (status = 200, description = "The webhook", body = Updated<WebhookResponse>),
        WriteProblems,
    )
)]
pub(crate) async fn update_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Updated<Shown>>, ApiError> {
    let id = id.into_inner();
    callbacks::update(WebhookKind::Webhook, &state, &caller, id, if_match, body).await
}
