//! `DELETE /directories/{kind}/{id}`.

use actix_web::web::{Data, Path};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use super::EntryPath;
use crate::records;
use crate::state::AppState;

/// Removes an entry that no record refers to.
#[utoipa::path(
    delete,
    path = "/directories/{kind}/{id}",
    tag = "directories",
    params(
        ("kind" = String, Path, description = "Which directory", example = "origin"),
        ("id" = i64, Path, description = "The entry's id"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_entry(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    path: Path<EntryPath>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let (kind, id) = path.read()?;
    state
        .write(move |conn| records::directories::delete_entry(conn, &author, kind, id, &if_match))
        .await?;
    Ok(NoContent)
}
