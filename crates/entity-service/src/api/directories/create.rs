//! `POST /directories/{kind}`.

use actix_web::web::{Data, Path};
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{CreateDirectoryEntryRequest, DirectoryEntryResponse, DirectoryPath, read_new};
use crate::records::directories::add_entry;
use crate::state::AppState;

/// Adds an entry.
#[utoipa::path(
    post,
    path = "/directories/{kind}",
    tag = "directories",
    params(("kind" = String, Path, description = "Which directory", example = "origin")),
    request_body = CreateDirectoryEntryRequest,
    responses(
        (status = 201, description = "The entry", body = DirectoryEntryResponse),
        WriteProblems,
    )
)]
pub(crate) async fn create_entry(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    path: Path<DirectoryPath>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let kind = path.kind()?;
    let sha256 = body.sha256();
    let new = read_new(body)?;
    let author = state.author(&caller, &correlation_id);
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let entry = add_entry(conn, &author, kind, &new)?;
            let location = format!("{API_PREFIX}/directories/{}/{}", kind.as_str(), entry.id);
            let body = DirectoryEntryResponse::from(&entry);
            Ok(Answer::created(location, Some(entry.revision), &body)?)
        })
        .await
}
