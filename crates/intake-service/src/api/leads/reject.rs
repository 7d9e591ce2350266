//! `POST /leads/{id}/reject`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, LeadId, Timestamp};
use http_api::{
    ApiError, Authorized, IfMatch, LeadsWrite, OptionalJsonBody, TextLimit, WriteProblems,
};
use utoipa::ToSchema;

use super::{LeadRecord, LeadResponse, conflict, lock_lead, show};
use crate::domain::lead::{Lead, LeadState};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::leads::update_lead;

/// The longest reason.
const REASON_LIMIT: TextLimit = TextLimit::Chars(1_000);

/// Why a lead is not wanted.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct RejectLeadRequest {
    /// Up to 1000 characters.
    #[schema(example = "дубль")]
    reason: Option<String>,
}

/// Takes a lead out of the inbox: nothing is made of it. `POST /leads/{id}/reopen` puts it back.
///
/// One that is rejected already gets the new reason, if one is sent.
#[utoipa::path(
    post,
    path = "/leads/{id}/reject",
    tag = "leads",
    params(
        ("id" = i64, Path, description = "The lead's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = Option<RejectLeadRequest>,
    responses((status = 200, description = "The lead", body = LeadResponse), WriteProblems)
)]
pub(crate) async fn reject_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: OptionalJsonBody,
) -> Result<LeadRecord, ApiError> {
    let mut fields = body.0.into_fields();
    let reason = fields.text("reason", REASON_LIMIT).value();
    fields.finish()?;
    let (account_id, id) = (AccountId(caller.account_id), LeadId(id.into_inner()));
    let now = state.clock.now();
    let lead = state
        .write(move |conn| reject(conn, account_id, id, &if_match, reason.clone(), now))
        .await?;
    Ok(show(&lead))
}

fn reject(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: LeadId,
    if_match: &IfMatch,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Lead, StoreError> {
    let before = lock_lead(conn, account_id, id, if_match)?;
    if !matches!(before.state, LeadState::New | LeadState::Rejected) {
        return Err(conflict(
            "Only a lead that waits in the inbox can be rejected; a client and an order were made \
             of this one, or are being made.",
        ));
    }
    let mut after = before.clone();
    after.state = LeadState::Rejected;
    after.reject_reason = reason.or(after.reject_reason);
    if after == before {
        return Ok(before);
    }
    after.touch(now);
    update_lead(conn, account_id, &after)?;
    Ok(after)
}
