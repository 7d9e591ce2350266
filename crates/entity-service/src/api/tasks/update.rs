//! `PATCH /tasks/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{TaskId, TaskSnapshot};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Presence, Record, RecordsWrite,
    WriteProblems,
};
use serde_json::Value;

use super::{TaskRequest, TaskResponse, read_order, read_patch, show};
use crate::api::settings::{SERVER_KEYS, keep_keys};
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::records::tasks::{edit_task, read_task};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::references::hold_order;

/// Changes a task (JSON merge patch).
#[utoipa::path(
    patch,
    path = "/tasks/{id}",
    tag = "tasks",
    params(("id" = i64, Path, description = "The task's id")),
    request_body = TaskRequest,
    responses((status = 200, description = "The task", body = TaskResponse), WriteProblems)
)]
pub(crate) async fn update_task(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Value>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = TaskId(id.into_inner());
    let task = state
        .write(move |conn| update(conn, &author, id, &if_match, &body))
        .await?;
    Ok(Record::new(task.revision, show(&task)))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    id: TaskId,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<Stored<TaskSnapshot>, StoreError> {
    if let (_, Presence::Value(order_id)) = read_order(&mut body.clone().into_fields()) {
        hold_order(conn, author.account_id, order_id)?;
    }
    let before = read_task(conn, author.account_id, id, Lock::Write)?;
    if_match.check(before.revision)?;
    let mut fields = body.clone().into_fields();
    keep_keys(&mut fields, &SERVER_KEYS, &show(&before));
    let patch = read_patch(&mut fields);
    edit_task(conn, author, before, patch, Problems::of(fields)?)
}
