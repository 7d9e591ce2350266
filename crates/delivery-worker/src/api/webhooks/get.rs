//! `GET /webhooks/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, ReadProblems, Record, WebhooksRead};

use super::WebhookResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// A webhook.
///
/// Its `ETag` is for `If-Match`; `If-None-Match` is not answered with 304, because `state` can
/// change without a new revision.
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook", body = WebhookResponse), ReadProblems)
)]
pub(crate) async fn get_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<i64>,
) -> Result<Record<Shown>, ApiError> {
    callbacks::read(WebhookKind::Webhook, &state, &caller, id.into_inner()).await
}
