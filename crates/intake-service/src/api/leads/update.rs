//! `PATCH /leads/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, LeadId, Timestamp};
use http_api::{ApiError, Authorized, IfMatch, JsonBody, LeadsWrite, WriteProblems};

use super::settings::read_into;
use super::{LeadRecord, LeadResponse, UpdateLeadRequest, conflict, lock_lead, show};
use crate::answer::managed_lead_body;
use crate::domain::lead::{Lead, LeadState};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::leads;
use crate::store::narrowing::Lock;
use crate::store::sources::find_source;

/// Changes a lead that waits or was rejected (JSON merge patch).
///
/// `firstId` and `otherCount` say what was so when it came, and stay.
#[utoipa::path(
    patch,
    path = "/leads/{id}",
    tag = "leads",
    params(
        ("id" = i64, Path, description = "The lead's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = UpdateLeadRequest,
    responses((status = 200, description = "The lead", body = LeadResponse), WriteProblems)
)]
pub(crate) async fn update_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<LeadRecord, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), LeadId(id.into_inner()));
    let now = state.clock.now();
    let lead = state
        .write(move |conn| update(conn, account_id, id, &if_match, &body, now))
        .await?;
    Ok(show(&lead))
}

fn update(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: LeadId,
    if_match: &IfMatch,
    body: &JsonBody,
    now: Timestamp,
) -> Result<Lead, StoreError> {
    let before = lock_lead(conn, account_id, id, if_match)?;
    let source = find_source(conn, account_id, before.source_id, Lock::None)?;
    let region = source.map(|source| source.effective().phone_region);
    let mut fields = body.clone().into_fields();
    let mut after = before.clone();
    let shown = managed_lead_body(&before);
    // Senders may have sent what managers may not, such as a negative cost.
    fields.skip_unchanged(&shown);
    read_into(&mut fields, &mut after, &shown, region.unwrap_or_default());
    fields.finish()?;
    if after == before {
        return Ok(before);
    }
    if !matches!(before.state, LeadState::New | LeadState::Rejected) {
        return Err(conflict(
            "A client and an order were made of this lead, or are being made; change those.",
        ));
    }
    after.touch(now);
    leads::update_lead(conn, account_id, &after)?;
    Ok(after)
}
