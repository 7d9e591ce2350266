//! `DELETE /webhooks/{id}`.

use actix_web::web::{Data, Path};
use database::{Connection, DatabaseError};
use events::AccountId;
use http_api::{ApiError, Authorized, IfMatch, NoContent, WebhooksWrite, WriteProblems};

use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::deliveries::end_pending;
use crate::store::webhook_records::{delete_webhook as delete_record, lock_webhook};

/// How many deliveries one transaction drops; others can write in between.
const DROPPED_AT_ONCE: i64 = 1_000;

/// Deletes a webhook. Its deliveries stay in the log; those that were still to be sent are
/// `dropped`.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(
        ("id" = i64, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id.into_inner()));
    let now = state.clock.now();
    state
        .write(move |conn| {
            let current = lock_webhook(conn, account_id, WebhookKind::Webhook, id)?
                .ok_or(ApiError::NotFound)?;
            if_match.check(current.webhook.revision)?;
            Ok(delete_record(conn, account_id, id, now)?)
        })
        .await?;
    state.engine.webhooks_changed();
    // It is deleted from here on. What a worker has claimed at the moment, and what is left if this
    // fails, is dropped when workers look around next.
    while state.write(move |conn| Ok(drop_pending(conn, id)?)).await? {}
    Ok(NoContent)
}

/// Whether there was anything to drop.
fn drop_pending(conn: &mut Connection<'_>, id: WebhookId) -> Result<bool, DatabaseError> {
    let dropped = end_pending(conn, id, DeliveryState::Dropped, i64::MAX, DROPPED_AT_ONCE)?;
    Ok(dropped > 0)
}
