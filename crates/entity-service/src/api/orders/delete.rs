//! `DELETE /orders/{id}`.

use actix_web::web::{Data, Path};
use events::OrderId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use crate::records::orders;
use crate::state::AppState;

/// Deletes an order with its tasks.
#[utoipa::path(
    delete,
    path = "/orders/{id}",
    tag = "orders",
    params(("id" = i64, Path, description = "The order's id")),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_order(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = OrderId(id.into_inner());
    state
        .write(move |conn| orders::delete_order(conn, &author, id, &if_match))
        .await?;
    Ok(NoContent)
}
