//! `DELETE /triggers/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, IfMatch, NoContent, WebhooksWrite, WriteProblems};

use crate::api::callbacks;
use crate::domain::webhook::WebhookKind;
use crate::state::AppState;

/// Deletes a trigger. Its deliveries stay in the log; those that were still to be sent are
/// `dropped`.
#[utoipa::path(
    delete,
    path = "/triggers/{id}",
    tag = "triggers",
    params(
        ("id" = i64, Path, description = "The trigger's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    callbacks::delete(
        WebhookKind::Trigger,
        &state,
        &caller,
        id.into_inner(),
        if_match,
    )
    .await
}
