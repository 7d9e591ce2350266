//! `GET /tasks/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, TaskId};
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};
use serde_json::Value;

use super::{TaskResponse, show};
use crate::records::tasks::read_task;
use crate::state::AppState;
use crate::store::narrowing::Lock;

/// One task.
#[utoipa::path(
    get,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "The task's id")),
    responses((status = 200, description = "The task", body = TaskResponse), ReadProblems)
)]
pub(crate) async fn get_task(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<Value>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let id = TaskId(id.into_inner());
    let task = state
        .read(move |conn| read_task(conn, account_id, id, Lock::None))
        .await?;
    Ok(Record::new(task.revision, show(&task)).unless(if_none_match))
}
