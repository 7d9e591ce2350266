//! `POST /deliveries/{id}/retry`.

use std::sync::Arc;

use actix_web::web::{Data, Json, Path};
use database::Connection;
use events::{AccountId, EventId};
use http_api::{ApiError, Authorized, OptionalJsonBody, WebhooksWrite, WriteProblems};
use utoipa::ToSchema;

use super::{DeliveryResponse, read_id, unusable};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::webhook::WebhookId;
use crate::engine::Engine;
use crate::lane::{Component, RecordKey};
use crate::ordering::Keeping;
use crate::state::AppState;
use crate::store::deliveries::find_event_body;
use crate::store::delivery_log::{LoggedDelivery, find_logged_delivery, retry_now};
use crate::store::error::StoreError;
use crate::store::record_order::{find_delivered, find_waiting};

/// How to retry.
#[derive(Debug, Default, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct RetryDeliveryRequest {
    /// Whether to send one that was delivered already, or one that tells of an older revision than
    /// one that was delivered to a webhook which is `ordered` or `latest_only`; false unless given.
    force: Option<bool>,
}

/// Makes a delivery due now, under the same `webhook-id`.
///
/// One that was over is pending again; its attempts go on counting, and its schedule goes on where
/// it ended. One that was delivered is sent again only with `"force": true`, and so is one that a
/// webhook with `ordered` or `latest_only` has got a newer revision of its record after. If its webhook is
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
    let engine = Arc::clone(&state.engine);
    let delivery = state
        .write(move |conn| retry(conn, &engine, account_id, id, force))
        .await?;
    state
        .engine
        .delivery_is_due(WebhookId(delivery.row.webhook_id));
    let unusable = unusable(&state, &delivery);
    let now = state.clock.now();
    Ok(Json(DeliveryResponse::new(
        delivery,
        unusable.as_deref(),
        now,
    )))
}

fn retry(
    conn: &mut Connection<'_>,
    engine: &Engine,
    account_id: AccountId,
    id: DeliveryId,
    force: bool,
) -> Result<LoggedDelivery, StoreError> {
    let delivery = find_logged_delivery(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
    if let Some(obstacle) = find_obstacle(conn, &delivery, force)? {
        return Err(conflict(obstacle));
    }
    let webhook = WebhookId(delivery.row.webhook_id);
    let keeping = engine.registry.find(webhook).and_then(|it| it.keeping());
    if let Some(keeping) = keeping
        && let Some(newer) = find_newer(conn, account_id, &delivery, keeping, force)?
    {
        return Err(conflict(&newer));
    }
    if !retry_now(conn, &delivery, engine.expire_after_us())? {
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

/// What newer change of its record stands in the way, where the webhook wants them
/// in order or only the latest, in a sentence for the caller.
fn find_newer(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    delivery: &LoggedDelivery,
    keeping: Keeping,
    force: bool,
) -> Result<Option<String>, StoreError> {
    let row = &delivery.row;
    let component = Component::parse(&row.component);
    let (Some(component), Some(id), Some(revision)) = (component, row.record_id, row.revision)
    else {
        return Ok(None);
    };
    let (webhook, record) = (WebhookId(row.webhook_id), RecordKey { component, id });
    if keeping == Keeping::Latest
        && let Some(waiting) = find_waiting(conn, webhook, record)?
        && waiting > revision
    {
        return Ok(Some(format!(
            "Revision {waiting} of the record waits to be sent, and the webhook wants the latest only."
        )));
    }
    let delivered = find_delivered(conn, account_id, webhook, record)?;
    let newer = delivered.filter(|&newer| newer > revision && !force);
    Ok(newer.map(|newer| {
        format!(
            "The receiver has got revision {newer} of the record already; send {{\"force\": true}} \
             to send this older one after it."
        )
    }))
}

fn conflict(detail: &str) -> StoreError {
    StoreError::Refused(ApiError::Conflict {
        detail: detail.to_owned(),
    })
}
