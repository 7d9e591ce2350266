//! `DELETE /pipelines/{id}/stages/{stage_id}`.

use actix_web::web::{Data, Path};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use super::StagePath;
use crate::records;
use crate::records::pipelines::lock_pipeline;
use crate::records::stages::PlacedStage;
use crate::state::AppState;

/// Removes a stage that no order is in. The last open one stays.
#[utoipa::path(
    delete,
    path = "/pipelines/{id}/stages/{stage_id}",
    tag = "pipelines",
    params(
        ("id" = i64, Path, description = "The pipeline's id"),
        ("stage_id" = i64, Path, description = "The stage's id"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_stage(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    path: Path<StagePath>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let path = path.into_inner();
    state
        .write(move |conn| {
            let pipeline = lock_pipeline(conn, &author, path.id, &if_match)?;
            let placed = PlacedStage::find(pipeline, path.stage_id)?;
            records::stages::delete_stage(conn, &author, &placed)
        })
        .await?;
    Ok(NoContent)
}
