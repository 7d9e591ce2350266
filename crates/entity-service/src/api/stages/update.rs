//! `PATCH /pipelines/{id}/stages/{stage_id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};

use super::{StagePath, StageResponse, UpdateStageRequest, read_patch};
use crate::records::pipelines::lock_pipeline;
use crate::records::stages::{PlacedStage, edit_stage};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;

/// Changes or moves a stage (JSON merge patch). Orders in it stay as they are.
#[utoipa::path(
    patch,
    path = "/pipelines/{id}/stages/{stage_id}",
    tag = "pipelines",
    params(
        ("id" = i64, Path, description = "The pipeline's id"),
        ("stage_id" = i64, Path, description = "The stage's id"),
    ),
    request_body = UpdateStageRequest,
    responses((status = 200, description = "The stage", body = StageResponse), WriteProblems)
)]
pub(crate) async fn update_stage(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    path: Path<StagePath>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<StageResponse>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let path = path.into_inner();
    let placed = state
        .write(move |conn| update(conn, &author, path, &if_match, &body))
        .await?;
    let body = StageResponse::from(&placed.stage);
    Ok(Record::new(placed.pipeline.revision, body))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    path: StagePath,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<PlacedStage, StoreError> {
    let pipeline = lock_pipeline(conn, author, path.id, if_match)?;
    let before = PlacedStage::find(pipeline, path.stage_id)?;
    let patch = read_patch(body.clone(), &before.stage)?;
    edit_stage(conn, author, before, patch)
}
