//! `GET /directories/{kind}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};

use super::{DirectoryEntryResponse, DirectoryPath};
use crate::api::settings::NamedListParams;
use crate::state::AppState;
use crate::store::directory_entries as store;
use crate::store::named_list::NamedList;

/// Entries of a directory, newest first.
#[utoipa::path(
    get,
    path = "/directories/{kind}",
    tag = "directories",
    params(
        ("kind" = String, Path, description = "Which directory", example = "origin"),
        NamedListParams,
    ),
    responses(
        (status = 200, description = "A page of entries", body = Page<DirectoryEntryResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_entries(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    path: Path<DirectoryPath>,
    mut query: QueryParams,
) -> Result<Page<DirectoryEntryResponse>, ApiError> {
    let kind = path.kind()?;
    let list = NamedList::read(&mut query);
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), list.page);
    let entries = state
        .read(move |conn| {
            Ok(store::list_directory_entries(
                conn, account_id, kind, &list,
            )?)
        })
        .await?;
    Ok(Page::from_rows(
        entries,
        &page,
        |entry| entry.id.0,
        |entry| DirectoryEntryResponse::from(&entry),
    ))
}
