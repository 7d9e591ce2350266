//! `PATCH /pipelines/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::PipelineId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};

use super::{PipelineResponse, UpdatePipelineRequest, read_patch};
use crate::domain::pipeline::Pipeline;
use crate::records::pipelines::{edit_pipeline, lock_pipeline};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;

/// Renames or moves a pipeline (JSON merge patch). Orders in it stay as they are.
#[utoipa::path(
    patch,
    path = "/pipelines/{id}",
    tag = "pipelines",
    params(("id" = i64, Path, description = "The pipeline's id")),
    request_body = UpdatePipelineRequest,
    responses((status = 200, description = "The pipeline", body = PipelineResponse), WriteProblems)
)]
pub(crate) async fn update_pipeline(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<PipelineResponse>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = PipelineId(id.into_inner());
    let pipeline = state
        .write(move |conn| update(conn, &author, id, &if_match, &body))
        .await?;
    let body = PipelineResponse::from(&pipeline);
    Ok(Record::new(pipeline.revision, body))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    id: PipelineId,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<Pipeline, StoreError> {
    let before = lock_pipeline(conn, author, id, if_match)?;
    let patch = read_patch(body.clone(), &before)?;
    edit_pipeline(conn, author, before, patch)
}
