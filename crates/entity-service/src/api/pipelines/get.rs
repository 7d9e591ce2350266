//! `GET /pipelines/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, PipelineId};
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};

use super::PipelineResponse;
use crate::state::AppState;
use crate::store;

/// A pipeline with its stages.
#[utoipa::path(
    get,
    path = "/pipelines/{id}",
    tag = "pipelines",
    params(("id" = i64, Path, description = "The pipeline's id")),
    responses(
        (status = 200, description = "The pipeline", body = PipelineResponse),
        (status = 304, description = "If-None-Match names its revision"),
        ReadProblems,
    )
)]
pub(crate) async fn get_pipeline(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<PipelineResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), PipelineId(id.into_inner()));
    let pipeline = state
        .read(move |conn| Ok(store::pipelines::get_pipeline(conn, account_id, id)?))
        .await?;
    let body = PipelineResponse::from(&pipeline);
    Ok(Record::new(pipeline.revision, body).unless(if_none_match))
}
