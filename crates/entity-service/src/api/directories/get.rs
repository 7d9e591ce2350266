//! `GET /directories/{kind}/{id}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};

use super::{DirectoryEntryResponse, EntryPath};
use crate::state::AppState;
use crate::store::directory_entries as store;

/// An entry.
#[utoipa::path(
    get,
    path = "/directories/{kind}/{id}",
    tag = "directories",
    params(
        ("kind" = String, Path, description = "Which directory", example = "origin"),
        ("id" = i64, Path, description = "The entry's id"),
    ),
    responses(
        (status = 200, description = "The entry", body = DirectoryEntryResponse),
        (status = 304, description = "If-None-Match names its revision"),
        ReadProblems,
    )
)]
pub(crate) async fn get_entry(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    path: Path<EntryPath>,
    if_none_match: IfNoneMatch,
) -> Result<Record<DirectoryEntryResponse>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let (kind, id) = path.read()?;
    let entry = state
        .read(move |conn| Ok(store::get_directory_entry(conn, account_id, kind, id)?))
        .await?;
    let body = DirectoryEntryResponse::from(&entry);
    Ok(Record::new(entry.revision, body).unless(if_none_match))
}
