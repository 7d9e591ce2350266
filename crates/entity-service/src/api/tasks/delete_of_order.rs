//! `DELETE /orders/{id}/tasks`.

use actix_web::web::{Data, Path};
use events::OrderId;
use http_api::{ApiError, Authorized, CorrelationId, NoContent, RecordsWrite, WriteProblems};

use crate::records::orders::delete_tasks;
use crate::state::AppState;

/// Deletes all tasks of an order; receivers learn of it by one event.
#[utoipa::path(
    delete,
    path = "/orders/{id}/tasks",
    tag = "tasks",
    params(("id" = i64, Path, description = "The order's id")),
    responses((status = 204, description = "The order has no tasks now"), WriteProblems)
)]
pub(crate) async fn delete_tasks_of_order(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = OrderId(id.into_inner());
    state
        .write(move |conn| delete_tasks(conn, &author, id))
        .await?;
    Ok(NoContent)
}
