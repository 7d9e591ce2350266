//! `DELETE /pipelines/{id}`.

use actix_web::web::{Data, Path};
use events::PipelineId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use crate::records;
use crate::state::AppState;

/// Removes a pipeline that no order is in, with its stages. The last one stays.
#[utoipa::path(
    delete,
    path = "/pipelines/{id}",
    tag = "pipelines",
    params(("id" = i64, Path, description = "The pipeline's id")),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_pipeline(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = PipelineId(id.into_inner());
    state
        .write(move |conn| records::pipelines::delete_pipeline(conn, &author, id, &if_match))
        .await?;
    Ok(NoContent)
}
