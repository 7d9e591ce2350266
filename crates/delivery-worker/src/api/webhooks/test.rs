//! `POST /webhooks/{id}/test`.

use actix_web::web::{Data, Json, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, OptionalJsonBody, WebhooksWrite, WriteProblems};
use serde::Serialize;
use utoipa::ToSchema;

use super::TestResponse;
use crate::api::test_request::send_test;
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;
use crate::store::webhook_records::find_webhook;

/// What became of a test request, and where it is in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SentTestResponse {
    #[serde(flatten)]
    test: TestResponse,
    /// Its entry in `/deliveries`; null if there is none because nothing could be sent.
    #[schema(format = "uuid")]
    delivery_id: Option<String>,
}

/// Sends the test request and waits for what comes of it, 3 s at most. It goes out even if the
/// webhook is inactive or disabled, and changes nothing about that.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    tag = "webhooks",
    params(("id" = i64, Path, description = "The webhook's id")),
    responses((status = 200, description = "What came of it", body = SentTestResponse), WriteProblems)
)]
pub(crate) async fn test_webhook(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    body: OptionalJsonBody,
) -> Result<Json<SentTestResponse>, ApiError> {
    body.0.into_fields().finish()?;
    let (account_id, id) = (AccountId(caller.account_id), WebhookId(id.into_inner()));
    let stored = state
        .read(move |conn| Ok(find_webhook(conn, account_id, WebhookKind::Webhook, id)?))
        .await?
        .ok_or(ApiError::NotFound)?;
    let report = send_test(&state, account_id, &stored).await;
    Ok(Json(SentTestResponse {
        test: (&report).into(),
        delivery_id: report.delivery.map(|id| id.to_string()),
    }))
}
