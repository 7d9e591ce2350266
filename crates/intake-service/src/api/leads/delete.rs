//! `DELETE /leads/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, LeadId};
use http_api::{ApiError, Authorized, IfMatch, LeadsWrite, NoContent, WriteProblems};

use super::lock_lead;
use crate::state::AppState;
use crate::store::leads;

/// Deletes a lead; nothing that was sent is left in it. Its client, its order and the journal's
/// entry of its request stay; `POST /leads/erase` erases a person.
#[utoipa::path(
    delete,
    path = "/leads/{id}",
    tag = "leads",
    params(
        ("id" = i64, Path, description = "The lead's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), LeadId(id.into_inner()));
    let now = state.clock.now();
    state
        .write(move |conn| {
            lock_lead(conn, account_id, id, &if_match)?;
            leads::delete_leads(conn, account_id, &[id], now)?;
            Ok(())
        })
        .await?;
    Ok(NoContent)
}
