//! `POST /deliveries/{id}/retry`.

use actix_web::web::{Data, Json, Path};
use database::Connection;
use events::{AccountId, EventId};
use http_api::{ApiError, Authorized, OptionalJsonBody, WebhooksWrite, WriteProblems};
use utoipa::ToSchema;

use super::{DeliveryResponse, read_id};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::webhook::WebhookId;
use crate::state::AppState;
use crate::store::deliveries::find_event_body;
use crate::store::delivery_log::{LoggedDelivery, find_logged_delivery, retry_now};
use crate::store::error::StoreError;

/// How to retry.
#[derive(Debug, Default, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct RetryDeliveryRequest {
    /// Whether to send one that was delivered already; false unless given.
    force: Option<bool>,
}

/// Makes a delivery due now, under the same `webhook-id`.
///
/// One that was over is pending again; its attempts go on counting, and its schedule goes on where
/// it ended. One that was delivered is sent again only with `"force": true`. If its webhook is
/// inactive, paused or disabled, it waits until that ends.
#[utoipa::path(
    post,
    path = "/deliveries/{id}/retry",
    tag = "deliveries",
    params(("id" = String, Path, description = "The delivery's id", format = "uuid")),
    request_body = Option<RetryDeliveryRequest>,
    responses(
        (status = 200, description = "The delivery, pending", body = DeliveryResponse),
        WriteProblems,
    )
)]
pub(crate) async fn retry_delivery(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<String>,
    body: OptionalJsonBody,
) -> Result<Json<DeliveryResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), read_id(&id)?);
    let mut fields = body.0.into_fields();
    let force = fields.boolean("force").unwrap_or(false);
    fields.finish()?;
    let expire_after_us = state.engine.expire_after_us();
    let delivery = state
        .write(move |conn| retry(conn, account_id, id, force, expire_after_us))
        .await?;
    state
        .engine
        .delivery_is_due(WebhookId(delivery.row.webhook_id));
    Ok(Json(DeliveryResponse::new(delivery, state.clock.now())))
}

fn retry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: DeliveryId,
    force: bool,
    expire_after_us: i64,
) -> Result<LoggedDelivery, StoreError> {
    let delivery = find_logged_delivery(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
    if let Some(obstacle) = find_obstacle(conn, &delivery, force)? {
        return Err(conflict(obstacle));
    }
    if !retry_now(conn, &delivery, expire_after_us)? {
        return Err(conflict(
            "The delivery has just changed; read it again and repeat.",
        ));
    }
    Ok(find_logged_delivery(conn, account_id, id)?.ok_or(ApiError::NotFound)?)
}

/// Why a delivery cannot be retried, in a sentence for the caller.
fn find_obstacle(
    conn: &mut Connection<'_>,
    delivery: &LoggedDelivery,
    force: bool,
) -> Result<Option<&'static str>, StoreError> {
    let row = &delivery.row;
    let event_id = row
        .event_id
        .as_deref()
        .filter(|_| row.origin != Origin::Test.as_str())
        .and_then(EventId::from_bytes);
    let Some(event_id) = event_id else {
        return Ok(Some(
            "A test request is not retried; send a new one with POST …/test of its webhook or trigger.",
        ));
    };
    let state = DeliveryState::parse(&row.state);
    if row.erased_at_us.is_some() {
        return Ok(Some(
            "What this delivery told of was erased, because a person asked to be forgotten.",
        ));
    }
    if delivery.is_webhook_deleted() || state == Some(DeliveryState::Dropped) {
        return Ok(Some(
            "The webhook was deleted, so there is nowhere to send this to.",
        ));
    }
    if state == Some(DeliveryState::Delivered) && !force {
        return Ok(Some(
            "The receiver has taken this delivery; send {\"force\": true} to send it once more.",
        ));
    }
    let is_kept = find_event_body(conn, event_id)?.is_some();
    Ok((!is_kept).then_some("What this delivery was about is no longer kept."))
}

fn conflict(detail: &str) -> StoreError {
    StoreError::Refused(ApiError::Conflict {
        detail: detail.to_owned(),
    })
}
