//! `GET /pipelines/{id}/stages/{stage_id}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};

use super::{StagePath, StageResponse};
use crate::records::stages::PlacedStage;
use crate::state::AppState;
use crate::store::pipelines::get_pipeline;

/// A stage.
#[utoipa::path(
    get,
    path = "/pipelines/{id}/stages/{stage_id}",
    tag = "pipelines",
    params(
        ("id" = i64, Path, description = "The pipeline's id"),
        ("stage_id" = i64, Path, description = "The stage's id"),
    ),
    responses(
        (status = 200, description = "The stage; its ETag is the pipeline's", body = StageResponse),
        (status = 304, description = "If-None-Match names the pipeline's revision"),
        ReadProblems,
    )
)]
pub(crate) async fn get_stage(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    path: Path<StagePath>,
    if_none_match: IfNoneMatch,
) -> Result<Record<StageResponse>, ApiError> {
    let (account_id, path) = (AccountId(caller.account_id), path.into_inner());
    let pipeline = state
        .read(move |conn| Ok(get_pipeline(conn, account_id, path.id)?))
        .await?;
    let placed = PlacedStage::find(pipeline, path.stage_id)?;
    let body = StageResponse::from(&placed.stage);
    Ok(Record::new(placed.pipeline.revision, body).unless(if_none_match))
}
