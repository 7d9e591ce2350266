//! `GET /sources/{id}`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, IfNoneMatch, LeadsRead, ReadProblems, Record};

use super::{InboundBase, SourceResponse};
use crate::domain::source::SourceId;
use crate::state::AppState;
use crate::store::narrowing::Lock;
use crate::store::sources::find_source;

/// A source.
#[utoipa::path(
    get,
    path = "/sources/{id}",
    tag = "sources",
    params(("id" = i64, Path, description = "The source's id")),
    responses((status = 200, description = "The source", body = SourceResponse), ReadProblems)
)]
pub(crate) async fn get_source(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    base: InboundBase,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<SourceResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), SourceId(id.into_inner()));
    let source = state
        .read(move |conn| Ok(find_source(conn, account_id, id, Lock::None)?))
        .await?
        .ok_or(ApiError::NotFound)?;
    let shown = SourceResponse::new(&source, &base, &caller);
    Ok(Record::new(source.revision, shown).unless(if_none_match))
}
