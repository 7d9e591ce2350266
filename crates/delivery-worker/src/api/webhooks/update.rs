//! `PATCH /webhooks/{id}`.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{
    ApiError, Authorized, Fields, IfMatch, JsonBody, Record, WebhooksWrite, WriteProblems,
};
use serde_json::Value;

use super::settings::{check_merged_headers, read_patch};
use super::{READ_ONLY_KEYS, UpdateWebhookRequest, UpdatedWebhookResponse, WebhookResponse};
use crate::api::test_request::send_test;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::domain::webhook_record::WebhookPatch;
use crate::secret::{KeyRing, SecretOwner};
use crate::state::AppState;
use crate::store::delivery_log::make_due;
use crate::store::error::StoreError;
use crate::store::lanes::enable_lane;
use crate::store::webhook_records::{
    StoredWebhook, find_webhook, lock_webhook, update_config, update_secret,
};

/// Changes a webhook (JSON merge patch), then sends it the test request and waits for what comes
/// of it, 3 s at most.
///
/// The change is there whatever the receiver does. `active: true` also ends the state `disabled`:
/// deliveries that waited go out. A patch that changes nothing sends no test and makes no new
/// revision.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    tag = "webhooks",
    params(
        ("id" = i64, Path, description = "The webhook's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = UpdateWebhookRequest,
    responses(
        (status = 200, description = "The webhook", body = UpdatedWebhookResponse),
        WriteProblems,
    )
)]
pub(crate) async fn update_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<UpdatedWebhookResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id.into_inner()));
    let now = state.clock.now();
    let current = state
        .read(move |conn| Ok(find_webhook(conn, account_id, WebhookKind::Webhook, id)?))
        .await?
        .ok_or(ApiError::NotFound)?;
    // Asked again under the lock; here, so that a stale patch is not judged by its fields.
    if_match.check(current.webhook.revision)?;
    let usual = state.usual_concurrency();
    let shown = WebhookResponse::new(&current.webhook, &caller, now, usual);
    let mut fields = body.into_fields();
    keep_read_only(&mut fields, &shown)?;
    let patch = read_patch(&mut fields, &state.sender).await;
    fields.finish()?;

    let keys = Arc::clone(&state.keys);
    let (stored, changed) = state
        .write(move |conn| {
            let updated = update(conn, account_id, id, &if_match, patch.clone(), usual, now)?;
            if updated.1 {
                reseal(conn, account_id, &updated.0, &keys)?;
            }
            Ok(updated)
        })
        .await?;
    let test = if changed {
        state.engine.webhooks_changed();
        Some(send_test(&state, account_id, &stored).await)
    } else {
        None
    };
    let body = UpdatedWebhookResponse {
        webhook: WebhookResponse::new(&stored.webhook, &caller, now, usual),
        test: test.as_ref().map(Into::into),
    };
    Ok(Record::new(stored.webhook.revision, body))
}

/// What cannot be set may be sent back as it was read (WIRE 5).
fn keep_read_only(fields: &mut Fields, shown: &WebhookResponse) -> Result<(), ApiError> {
    let current = serde_json::to_value(shown).map_err(ApiError::internal)?;
    for key in READ_ONLY_KEYS {
        fields.read_only(key, current.get(key));
    }
    for key in ["secret", "test"] {
        fields.read_only(key, None::<&Value>);
    }
    Ok(())
}

/// The webhook after the patch, and whether that is another than before.
fn update(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: WebhookId,
    if_match: &IfMatch,
    mut patch: WebhookPatch,
    usual_concurrency: u32,
    now: Timestamp,
) -> Result<(StoredWebhook, bool), StoreError> {
    let current =
        lock_webhook(conn, account_id, WebhookKind::Webhook, id)?.ok_or(ApiError::NotFound)?;
    if_match.check(current.webhook.revision)?;
    // What is shown and sent back is no wish to have it for good.
    if current.webhook.config.settings.max_concurrency.is_none()
        && patch.max_concurrency == Some(Some(usual_concurrency))
    {
        patch.max_concurrency = None;
    }
    let is_enabled = patch.active == Some(true) && current.webhook.standing.disabled_at.is_some();
    let config = current.webhook.config.merged(patch);
    let is_changed = config != current.webhook.config;
    if is_changed {
        check_merged_headers(&config.settings.headers)?;
        update_config(conn, account_id, id, &config, now)?;
    }
    if is_enabled {
        enable_lane(conn, id)?;
        make_due(conn, id)?;
    }
    if !(is_changed || is_enabled) {
        return Ok((current, false));
    }
    let stored =
        find_webhook(conn, account_id, WebhookKind::Webhook, id)?.ok_or(ApiError::NotFound)?;
    Ok((stored, true))
}

/// Seals the secret under the current master key if it is still under an older one, so that the
/// older one is needed for fewer and fewer webhooks. One that does not open stays as it is: its
/// webhook is held until its key is back.
fn reseal(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    stored: &StoredWebhook,
    keys: &KeyRing,
) -> Result<(), StoreError> {
    if keys.is_current(&stored.sealed_secret) {
        return Ok(());
    }
    let id = stored.webhook.id;
    let owner = SecretOwner {
        account_id,
        webhook_id: id.0,
    };
    if let Ok(secret) = keys.unseal(&stored.sealed_secret, owner) {
        update_secret(conn, account_id, id, &keys.seal(&secret, owner)?)?;
    }
    Ok(())
}
