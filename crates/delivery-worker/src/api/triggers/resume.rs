//! `POST /triggers/{id}/resume`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, Record, WebhooksWrite, WriteProblems};

use super::TriggerResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Ends a pause: a person's, one that the receiver asked for (`paused_until`), and the wait after
/// too many failures (`open_until`). What waits goes out at the pace that the settings allow, the
/// oldest change first.
///
/// Of a trigger that is `disabled` it is refused (409): a PATCH with `active: true` ends that.
#[utoipa::path(
    post,
    path = "/triggers/{id}/resume",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    responses((status = 200, description = "The trigger as it is then", body = TriggerResponse), WriteProblems)
)]
pub(crate) async fn resume_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
) -> Result<Record<Shown>, ApiError> {
    callbacks::resume(WebhookKind::Trigger, &state, &caller, id.into_inner()).await
}
