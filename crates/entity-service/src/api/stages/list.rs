//! `GET /pipelines/{id}/stages`.

use std::cmp::Reverse;

use actix_web::web::{Data, Path};
use events::{AccountId, PipelineId, StageSnapshot};
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};

use super::StageResponse;
use crate::api::settings::PageParams;
use crate::state::AppState;
use crate::store::pipelines::get_pipeline;

/// Stages of a pipeline, newest first; the pipeline itself has them by position.
#[utoipa::path(
    get,
    path = "/pipelines/{id}/stages",
    tag = "pipelines",
    params(("id" = i64, Path, description = "The pipeline's id"), PageParams),
    responses(
        (status = 200, description = "A page of stages", body = Page<StageResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_stages(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    mut query: QueryParams,
) -> Result<Page<StageResponse>, ApiError> {
    let page = query.page();
    query.finish()?;
    let (account_id, id) = (AccountId(caller.account_id), PipelineId(id.into_inner()));
    let pipeline = state
        .read(move |conn| Ok(get_pipeline(conn, account_id, id)?))
        .await?;
    let mut stages: Vec<StageSnapshot> = pipeline
        .snapshot
        .stages
        .into_iter()
        .filter(|stage| page.before_id.is_none_or(|before| stage.id.0 < before))
        .collect();
    stages.sort_by_key(|stage| Reverse(stage.id));
    Ok(Page::from_rows(
        stages,
        &page,
        |stage| stage.id.0,
        |stage| StageResponse::from(&stage),
    ))
}
