//! `POST /webhooks/{id}/test` and `POST /triggers/{id}/test`.

use actix_web::web::Json;
use events::AccountId;
use http_api::{ApiError, Caller, OptionalJsonBody};
use serde::Serialize;
use utoipa::ToSchema;

use super::{send_sample, send_test};
use crate::api::callbacks::TestResponse;
use crate::api::preview::{Sample, find_with_sample};
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

/// Sends the test request, or what the webhook would send of the event that the body
/// names or describes.
pub(crate) async fn answer_test(
    state: &AppState,
    caller: &Caller,
    kind: WebhookKind,
    id: WebhookId,
    body: OptionalJsonBody,
) -> Result<Json<SentTestResponse>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let fields = body.0.into_fields();
    let report = if Sample::is_in(&fields) {
        let sample = Sample::read(fields)?;
        let (stored, sample) = find_with_sample(state, account_id, kind, id, sample).await?;
        send_sample(state, account_id, &stored, sample).await?
    } else {
        fields.finish()?;
        let stored = state
            .read(move |conn| Ok(find_webhook(conn, account_id, kind, id)?))
            .await?
            .ok_or(ApiError::NotFound)?;
        send_test(state, account_id, &stored).await
    };
    Ok(Json(SentTestResponse {
        test: (&report).into(),
        delivery_id: report.delivery.map(|id| id.to_string()),
    }))
}
