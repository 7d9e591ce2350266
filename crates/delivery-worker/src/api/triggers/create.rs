//! `POST /triggers`.

use actix_web::web::Data;
use http_api::{ApiError, Authorized, JsonBody, WebhooksWrite, WriteProblems};
use idempotency::{Answer, Idempotency};

use super::{CreateTriggerRequest, TriggerResponse};
use crate::api::callbacks::{self, Created};
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Creates a trigger, then sends it the test request and waits for what comes of it, 3 s at most.
///
/// The trigger is there whatever the receiver does. Its secret is in this answer and in no later
/// one; a repeat with the same `Idempotency-Key` shows it again, without a second test request.
#[utoipa::path(
    post,
    path = "/triggers",
    tag = "triggers",
    request_body = CreateTriggerRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe")),
    responses(
        (status = 201, description = "The trigger", body = Created<TriggerResponse>),
        WriteProblems,
    )
)]
pub(crate) async fn create_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    callbacks::create(WebhookKind::Trigger, &state, &caller, idempotency, body).await
}
