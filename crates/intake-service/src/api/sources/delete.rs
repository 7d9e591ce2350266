//! `DELETE /sources/{id}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, IfMatch, LeadsWrite, NoContent, WriteProblems};

use crate::domain::source::SourceId;
use crate::state::AppState;
use crate::store::narrowing::Lock;
use crate::store::sources::{self, find_source};

/// Deletes a source: its URL is answered 404 from now on. Its leads stay.
#[utoipa::path(
    delete,
    path = "/sources/{id}",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_source(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), SourceId(id.into_inner()));
    let now = state.clock.now();
    let token = state
        .write(move |conn| {
            let source = find_source(conn, account_id, id, Lock::Write)?;
            let source = source.ok_or(ApiError::NotFound)?;
            if_match.check(source.revision)?;
            sources::delete_source(conn, account_id, id, now)?;
            Ok(source.token)
        })
        .await?;
    state.sources.forget(&token);
    Ok(NoContent)
}
