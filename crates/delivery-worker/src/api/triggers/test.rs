//! `POST /triggers/{id}/test`.

use actix_web::web::{Data, Json, Path};
use http_api::{ApiError, Authorized, OptionalJsonBody, WebhooksWrite, WriteProblems};

use crate::api::preview::SampleRequest;
use crate::api::test_request::{SentTestResponse, answer_test};
use crate::domain::webhook::{WebhookId, WebhookKind};
use crate::state::AppState;

/// Sends the test request and waits for what comes of it, 3 s at most. It goes out even if the
/// trigger is inactive or disabled, and changes nothing about that.
///
/// With a body, what goes out in its place is the request that `preview` shows for the same body.
#[utoipa::path(
    post,
    path = "/triggers/{id}/test",
    tag = "triggers",
    params(("id" = i64, Path, description = "The trigger's id")),
    request_body = Option<SampleRequest>,
    responses((status = 200, description = "What came of it", body = SentTestResponse), WriteProblems)
)]
pub(crate) async fn test_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    body: OptionalJsonBody,
) -> Result<Json<SentTestResponse>, ApiError> {
    let id = WebhookId(id.into_inner());
    answer_test(&state, &caller, WebhookKind::Trigger, id, body).await
}
