//! `GET /pipelines`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};

use super::PipelineResponse;
use crate::api::settings::NamedListParams;
use crate::state::AppState;
use crate::store;
use crate::store::named_list::NamedList;

/// Pipelines with their stages, newest first.
#[utoipa::path(
    get,
    path = "/pipelines",
    tag = "pipelines",
    params(NamedListParams),
    responses(
        (status = 200, description = "A page of pipelines", body = Page<PipelineResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_pipelines(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<PipelineResponse>, ApiError> {
    let list = NamedList::read(&mut query);
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), list.page);
    let pipelines = state
        .read(move |conn| Ok(store::pipelines::list_pipelines(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        pipelines,
        &page,
        |pipeline| pipeline.snapshot.id.0,
        |pipeline| PipelineResponse::from(&pipeline),
    ))
}
