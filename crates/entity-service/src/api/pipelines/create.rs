//! `POST /pipelines`.

use actix_web::web::Data;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{CreatePipelineRequest, PipelineResponse, read_new};
use crate::records::pipelines::add_pipeline;
use crate::state::AppState;

/// Adds a pipeline.
#[utoipa::path(
    post,
    path = "/pipelines",
    tag = "pipelines",
    request_body = CreatePipelineRequest,
    responses((status = 201, description = "The pipeline", body = PipelineResponse), WriteProblems)
)]
pub(crate) async fn create_pipeline(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let new = read_new(body)?;
    let author = state.author(&caller, &correlation_id);
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let pipeline = add_pipeline(conn, &author, &new)?;
            let location = format!("{API_PREFIX}/pipelines/{}", pipeline.snapshot.id);
            let body = PipelineResponse::from(&pipeline);
            Ok(Answer::created(location, Some(pipeline.revision), &body)?)
        })
        .await
}
