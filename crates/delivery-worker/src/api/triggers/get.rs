//! `GET /triggers/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, ReadProblems, Record, WebhooksRead};

use super::TriggerResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// A trigger.
///
/// Its `ETag` is for `If-Match`; `If-None-Match` is not answered with 304, because `state` can
/// change without a new revision.
#[utoipa::path(
    get,
    path = "/triggers/{id}",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    responses((status = 200, description = "The trigger", body = TriggerResponse), ReadProblems)
)]
pub(crate) async fn get_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
) -> Result<Record<Shown>, ApiError> {
    callbacks::read(WebhookKind::Trigger, &state, &caller, id.into_inner()).await
}
