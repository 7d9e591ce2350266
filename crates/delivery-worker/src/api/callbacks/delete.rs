//! Deleting.

use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use database::{Connection, DatabaseError};
use events::AccountId;
use http_api::{ApiError, Caller, IfMatch};

use crate::domain::delivery::DeliveryState;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::deliveries::{count_unclaimed, end_pending};
use crate::store::webhook_records::{delete_webhook, lock_webhook};

/// How many deliveries one transaction drops; others can write in between.
const DROPPED_AT_ONCE: i64 = 1_000;

/// Says how many waiting deliveries a deletion drops.
const DELIVERIES_DROPPED: &str = "Deliveries-Dropped";

/// 204 for a webhook that is gone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deleted {
    /// What it still had to send, but for what is under way.
    dropped: i64,
}

impl Responder for Deleted {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent()
            .insert_header((DELIVERIES_DROPPED, self.dropped))
            .finish()
    }
}

/// Deletes one and drops what it still had to send.
pub(crate) async fn delete(
    kind: WebhookKind,
    state: &AppState,
    caller: &Caller,
    id: i64,
    if_match: IfMatch,
) -> Result<Deleted, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id));
    let now = state.clock.now();
    let dropped = state
        .write(move |conn| {
            let current = lock_webhook(conn, account_id, kind, id)?.ok_or(ApiError::NotFound)?;
            if_match.check(current.webhook.revision)?;
            delete_webhook(conn, account_id, id, now)?;
            Ok(count_unclaimed(conn, id)?)
        })
        .await?;
    state.engine.webhooks_changed();
    // It is deleted from here on. What a worker has claimed at the moment, and what is left if this
    // fails, is dropped when workers look around next.
    while state.write(move |conn| Ok(drop_pending(conn, id)?)).await? {}
    Ok(Deleted { dropped })
}

/// Whether there was anything to drop.
fn drop_pending(conn: &mut Connection<'_>, id: WebhookId) -> Result<bool, DatabaseError> {
    let dropped = end_pending(conn, id, DeliveryState::Dropped, i64::MAX, DROPPED_AT_ONCE)?;
    Ok(dropped > 0)
}
