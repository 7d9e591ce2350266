//! `POST /webhooks/{id}/pause`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, Record, WebhooksWrite, WriteProblems};

use super::WebhookResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Holds the deliveries of a webhook until somebody resumes it. Events go on to fire it, and what it
/// has to send waits; requests under way are not cut off. Pausing one that is paused changes nothing.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/pause",
    tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook as it is then", body = WebhookResponse), WriteProblems)
)]
pub(crate) async fn pause_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
) -> Result<Record<Shown>, ApiError> {
    callbacks::pause(WebhookKind::Webhook, &state, &caller, id.into_inner()).await
}
