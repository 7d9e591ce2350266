//! `PATCH /directories/{kind}/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::DirectoryEntryId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};

use super::{DirectoryEntryResponse, EntryPath, UpdateDirectoryEntryRequest, read_patch};
use crate::domain::directory::{DirectoryEntry, DirectoryKind};
use crate::records::directories::{edit_entry, lock_entry};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;

/// Changes or moves an entry (JSON merge patch). Records that refer to it stay as they are.
#[utoipa::path(
    patch,
    path = "/directories/{kind}/{id}",
    tag = "directories",
    params(
        ("kind" = String, Path, description = "Which directory", example = "origin"),
        ("id" = i64, Path, description = "The entry's id"),
    ),
    request_body = UpdateDirectoryEntryRequest,
    responses(
        (status = 200, description = "The entry", body = DirectoryEntryResponse),
        WriteProblems,
    )
)]
pub(crate) async fn update_entry(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    path: Path<EntryPath>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<DirectoryEntryResponse>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let entry = path.read()?;
    let entry = state
        .write(move |conn| update(conn, &author, entry, &if_match, &body))
        .await?;
    let body = DirectoryEntryResponse::from(&entry);
    Ok(Record::new(entry.revision, body))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    (kind, id): (DirectoryKind, DirectoryEntryId),
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<DirectoryEntry, StoreError> {
    let before = lock_entry(conn, author, kind, id, if_match)?;
    let patch = read_patch(body.clone(), &before)?;
    edit_entry(conn, author, before, patch)
}
