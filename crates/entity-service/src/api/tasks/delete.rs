//! `DELETE /tasks/{id}`.

use actix_web::web::{Data, Path};
use events::TaskId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use crate::records::tasks;
use crate::state::AppState;

/// Deletes a task.
#[utoipa::path(
    delete,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "The task's id")),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_task(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = TaskId(id.into_inner());
    state
        .write(move |conn| tasks::delete_task(conn, &author, id, &if_match))
        .await?;
    Ok(NoContent)
}
