//! `POST /pipelines/{id}/stages`.

use actix_web::web::{Data, Path};
use events::PipelineId;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{CreateStageRequest, StageResponse, read_new};
use crate::records::stages::add_stage;
use crate::state::AppState;

/// Adds a stage.
#[utoipa::path(
    post,
    path = "/pipelines/{id}/stages",
    tag = "pipelines",
    params(("id" = i64, Path, description = "The pipeline's id")),
    request_body = CreateStageRequest,
    responses((status = 201, description = "The stage", body = StageResponse), WriteProblems)
)]
pub(crate) async fn create_stage(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let (new, position) = read_new(body)?;
    let author = state.author(&caller, &correlation_id);
    let id = PipelineId(id.into_inner());
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let added = add_stage(conn, &author, id, &new, position)?;
            let location = format!("{API_PREFIX}/pipelines/{id}/stages/{}", added.stage.id);
            let body = StageResponse::from(&added.stage);
            Ok(Answer::created(
                location,
                Some(added.pipeline.revision),
                &body,
            )?)
        })
        .await
}
