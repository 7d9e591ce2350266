//! `PATCH /triggers/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, IfMatch, JsonBody, Record, WebhooksWrite, WriteProblems};

use super::{TriggerResponse, UpdateTriggerRequest};
use crate::api::callbacks::{self, Shown, Updated};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Changes a trigger (JSON merge patch), then sends it the test request and waits for what comes
/// of it, 3 s at most.
///
/// The change is there whatever the receiver does. `active: true` also ends the state `disabled`:
/// deliveries that waited go out. A patch that changes nothing sends no test and makes no new
/// revision.
#[utoipa::path(
    patch,
    path = "/triggers/{id}",
    tag = "triggers",
    params(
        ("id" = i64, Path, description = "The trigger's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = UpdateTriggerRequest,
    responses(
        (status = 200, description = "The trigger", body = Updated<TriggerResponse>),
        WriteProblems,
    )
)]
pub(crate) async fn update_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Updated<Shown>>, ApiError> {
    let id = id.into_inner();
    callbacks::update(WebhookKind::Trigger, &state, &caller, id, if_match, body).await
}
