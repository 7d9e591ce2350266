//! `GET /webhooks/{id}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, ReadProblems, Record, WebhooksRead};

use super::WebhookResponse;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::webhook_records::find_webhook;

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
) -> Result<Record<WebhookResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id.into_inner()));
    let webhook = state
        .read(move |conn| Ok(find_webhook(conn, account_id, WebhookKind::Webhook, id)?))
        .await?
        .ok_or(ApiError::NotFound)?
        .webhook;
    let usual = state.usual_concurrency();
    let body = WebhookResponse::new(&webhook, &caller, state.clock.now(), usual);
    Ok(Record::new(webhook.revision, body))
}
