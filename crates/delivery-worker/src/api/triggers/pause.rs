//! `POST /triggers/{id}/pause`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, Record, WebhooksWrite, WriteProblems};

use super::TriggerResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Holds the deliveries of a trigger until somebody resumes it. Events go on to fire it, and what it
/// has to send waits; requests under way are not cut off. Pausing one that is paused changes nothing.
#[utoipa::path(
    post,
    path = "/triggers/{id}/pause",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    responses((status = 200, description = "The trigger as it is then", body = TriggerResponse), WriteProblems)
)]
pub(crate) async fn pause_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
) -> Result<Record<Shown>, ApiError> {
    callbacks::pause(WebhookKind::Trigger, &state, &caller, id.into_inner()).await
}
