//! `GET /leads/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, LeadId};
use http_api::{ApiError, Authorized, IfNoneMatch, LeadsRead, ReadProblems};

use super::{LeadRecord, LeadResponse, show};
use crate::state::AppState;
use crate::store::leads::find_lead;
use crate::store::narrowing::Lock;

/// One lead.
#[utoipa::path(
    get,
    path = "/leads/{id}",
    tag = "leads",
    params(("id" = i64, Path, description = "The lead's id")),
    responses((status = 200, description = "The lead", body = LeadResponse), ReadProblems)
)]
pub(crate) async fn get_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<LeadRecord, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), LeadId(id.into_inner()));
    let lead = state
        .read(move |conn| Ok(find_lead(conn, account_id, id, Lock::None)?))
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(show(&lead).unless(if_none_match))
}
