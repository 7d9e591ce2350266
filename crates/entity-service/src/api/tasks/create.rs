//! `POST /tasks`.

use actix_web::web::Data;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{TaskRequest, TaskResponse, read_patch, show};
use crate::api::settings::{SERVER_KEYS, refuse_keys};
use crate::domain::problems::Problems;
use crate::records::tasks::add_task;
use crate::state::AppState;

/// Adds a task.
#[utoipa::path(
    post,
    path = "/tasks",
    tag = "tasks",
    request_body = TaskRequest,
    responses((status = 201, description = "The task", body = TaskResponse), WriteProblems)
)]
pub(crate) async fn create_task(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &SERVER_KEYS);
    let patch = read_patch(&mut fields);
    let problems = Problems::of(fields)?;
    let author = state.author(&caller, &correlation_id);
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let task = add_task(conn, &author, patch.clone(), problems.clone())?;
            let location = format!("{API_PREFIX}/tasks/{}", task.record.id);
            Ok(Answer::created(
                location,
                Some(task.revision),
                &show(&task),
            )?)
        })
        .await
}
