//! `POST /leads/{id}/reopen`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, LeadId, Timestamp};
use http_api::{ApiError, Authorized, IfMatch, LeadsWrite, OptionalJsonBody, WriteProblems};

use super::{LeadRecord, LeadResponse, conflict, lock_lead, show};
use crate::domain::lead::{Lead, LeadState};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::leads::update_lead;

/// Puts a rejected lead back into the inbox; one that is there already stays.
#[utoipa::path(
    post,
    path = "/leads/{id}/reopen",
    tag = "leads",
    params(
        ("id" = i64, Path, description = "The lead's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    responses((status = 200, description = "The lead", body = LeadResponse), WriteProblems)
)]
pub(crate) async fn reopen_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: OptionalJsonBody,
) -> Result<LeadRecord, ApiError> {
    body.0.into_fields().finish()?;
    let (account_id, id) = (AccountId(caller.account_id), LeadId(id.into_inner()));
    let now = state.clock.now();
    let lead = state
        .write(move |conn| reopen(conn, account_id, id, &if_match, now))
        .await?;
    Ok(show(&lead))
}

fn reopen(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: LeadId,
    if_match: &IfMatch,
    now: Timestamp,
) -> Result<Lead, StoreError> {
    let mut lead = lock_lead(conn, account_id, id, if_match)?;
    match lead.state {
        LeadState::New => return Ok(lead),
        LeadState::Rejected => {}
        LeadState::Converting | LeadState::Converted => {
            return Err(conflict(
                "This lead is not rejected; there is nothing to undo.",
            ));
        }
    }
    lead.state = LeadState::New;
    lead.reject_reason = None;
    lead.touch(now);
    update_lead(conn, account_id, &lead)?;
    Ok(lead)
}
