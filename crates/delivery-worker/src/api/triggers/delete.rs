//! `DELETE /triggers/{id}`.

use actix_web::web::{Data, Path};
use http_api::{ApiError, Authorized, IfMatch, WebhooksWrite, WriteProblems};

use crate::api::callbacks::{self, Deleted};
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
    responses(
        (status = 204, description = "It is gone", headers(
            ("Deliveries-Dropped" = i64, description = "How many waiting deliveries are dropped; \
                those under way at the moment are not counted"),
        )),
        WriteProblems
    )
)]
pub(crate) async fn delete_trigger(
    state: Data<AppState>,
    caller: Authorized<WebhooksWrite>,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<Deleted, ApiError> {
    callbacks::delete(
        WebhookKind::Trigger,
        &state,
        &caller,
        id.into_inner(),
        if_match,
    )
    .await
}
