//! `GET /deliveries/{id}`.

use std::collections::HashMap;

use actix_web::web::{Data, Json, Path};
use database::Connection;
use events::AccountId;
use http_api::{ApiError, Authorized, ReadProblems, WebhooksRead};
use serde::Serialize;
use utoipa::ToSchema;

use super::attempt::{AttemptResponse, LoggedAttempt};
use super::fired::{Fired, FiredTriggerResponse, MatchResponse, find_fired};
use super::first_attempt::find_first_attempt;
use super::{DeliveryResponse, read_id, unusable};
use crate::domain::delivery::DeliveryId;
use crate::domain::webhook::WebhookId;
use crate::state::AppState;
use crate::store::delivery_log::{
    LoggedDelivery, MAX_SHOWN_ATTEMPTS, find_logged_delivery, list_attempts, list_urls,
};
use crate::store::error::StoreError;

/// A delivery with everything that was sent and answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryDetailResponse {
    #[serde(flatten)]
    delivery: DeliveryResponse,
    /// What the trigger waited for when the event came; null of a webhook and of a test request.
    #[schema(nullable)]
    trigger: Option<FiredTriggerResponse>,
    /// The fields that were asked for when the event came, and what they had in it: those of
    /// `changed`, then the rows of the condition that held. Null if the event is no longer kept or
    /// was erased.
    matched: Option<Vec<MatchResponse>>,
    /// In the order in which they were made; of very many only the last 100.
    attempts_log: Vec<AttemptResponse>,
}

/// A delivery with each attempt's request and answer as on the wire. Values of the webhook's own
/// headers are shown as `***`.
#[utoipa::path(
    get,
    path = "/deliveries/{id}",
    tag = "deliveries",
    params(("id" = String, Path, description = "The delivery's id", format = "uuid")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryDetailResponse),
        ReadProblems,
    )
)]
pub(crate) async fn get_delivery(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    id: Path<String>,
) -> Result<Json<DeliveryDetailResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), read_id(&id)?);
    let detail = state
        .read(move |conn| find_detail(conn, account_id, id))
        .await?
        .ok_or(ApiError::NotFound)?;
    let attempts_log = detail
        .attempts
        .into_iter()
        .map(|attempt| {
            let url = detail.urls.get(&attempt.row.settings_version);
            AttemptResponse::new(attempt, url)
        })
        .collect();
    let unusable = unusable(&state, &detail.delivery);
    let now = state.clock.now();
    Ok(Json(DeliveryDetailResponse {
        delivery: DeliveryResponse::new(detail.delivery, unusable.as_deref(), now),
        trigger: detail.fired.trigger,
        matched: detail.fired.matched,
        attempts_log,
    }))
}

struct Detail {
    delivery: LoggedDelivery,
    attempts: Vec<LoggedAttempt>,
    urls: HashMap<i64, String>,
    fired: Fired,
}

fn find_detail(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: DeliveryId,
) -> Result<Option<Detail>, StoreError> {
    let Some(delivery) = find_logged_delivery(conn, account_id, id)? else {
        return Ok(None);
    };
    let mut attempts: Vec<LoggedAttempt> = list_attempts(conn, id)?
        .into_iter()
        .map(|(row, bodies)| LoggedAttempt::of(row, bodies))
        .chain(find_first_attempt(conn, id, &delivery.row)?)
        .collect();
    attempts.sort_by_key(|attempt| attempt.row.claim_no);
    let too_many = attempts.len().saturating_sub(MAX_SHOWN_ATTEMPTS.into());
    attempts.drain(..too_many);
    let versions: Vec<i64> = attempts
        .iter()
        .map(|attempt| attempt.row.settings_version)
        .collect();
    let urls = list_urls(conn, WebhookId(delivery.row.webhook_id), &versions)?;
    let fired = find_fired(conn, account_id, &delivery.row)?;
    Ok(Some(Detail {
        fired,
        delivery,
        attempts,
        urls,
    }))
}
