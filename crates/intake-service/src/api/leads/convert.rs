//! `POST /leads/{id}/convert`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, Change, LeadId};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, LeadsWrite, OptionalJsonBody,
    WriteProblems,
};
use utoipa::ToSchema;

use super::settings::read_overrides;
use super::{LeadRecord, LeadResponse, conflict, lock_lead, show};
use crate::domain::author::Author;
use crate::domain::conversion::conversion_request;
use crate::domain::lead::{Lead, LeadState};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::leads::update_lead;
use crate::store::narrowing::Lock;
use crate::store::sources::find_source;

/// What the order to make shall have.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body for the OpenAPI document")]
pub(crate) struct ConvertLeadRequest {
    /// Stage to start in; else the lead's, else the source's default.
    funnel_stage_id: Option<i64>,
    /// Responsible employee; else the lead's, else the source's default.
    user_id_owner: Option<i64>,
}

/// Has a client and an order made of a lead. The answer does not wait for it: the lead is
/// `converting`, and `converted` soon.
///
/// May be repeated: one that is converting is asked for again, which makes nothing twice; one that
/// is converted is answered as it is.
#[utoipa::path(
    post,
    path = "/leads/{id}/convert",
    tag = "leads",
    params(
        ("id" = i64, Path, description = "The lead's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = Option<ConvertLeadRequest>,
    responses((status = 200, description = "The lead", body = LeadResponse), WriteProblems)
)]
pub(crate) async fn convert_lead(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: OptionalJsonBody,
) -> Result<LeadRecord, ApiError> {
    let conversion = Conversion {
        id: LeadId(id.into_inner()),
        author: Author::api(&caller, &correlation_id, state.clock.now()),
        if_match,
        body: body.0,
    };
    let lead = state.write(move |conn| conversion.run(conn)).await?;
    Ok(show(&lead))
}

/// What is done in one transaction.
struct Conversion {
    id: LeadId,
    author: Author,
    if_match: IfMatch,
    body: JsonBody,
}

impl Conversion {
    fn run(&self, conn: &mut Connection<'_>) -> Result<Lead, StoreError> {
        let account_id = self.author.account_id;
        let before = lock_lead(conn, account_id, self.id, &self.if_match)?;
        let mut after = before.clone();
        let mut fields = self.body.clone().into_fields();
        read_overrides(&mut fields, &mut after);
        fields.finish()?;
        match before.state {
            LeadState::Converted => return Ok(before),
            LeadState::Rejected => {
                return Err(conflict("This lead is rejected; reopen it first."));
            }
            LeadState::Converting if after != before => {
                return Err(conflict(
                    "The client and the order are being made already, as asked for before.",
                ));
            }
            LeadState::Converting => {}
            LeadState::New => {
                after.state = LeadState::Converting;
                after.touch(self.author.now);
                update_lead(conn, account_id, &after)?;
            }
        }
        self.ask(conn, account_id, &after)?;
        Ok(after)
    }

    fn ask(
        &self,
        conn: &mut Connection<'_>,
        account_id: AccountId,
        lead: &Lead,
    ) -> Result<(), StoreError> {
        let source = find_source(conn, account_id, lead.source_id, Lock::None)?;
        let defaults = source.map(|source| source.settings.defaults);
        let request = conversion_request(lead, &defaults.unwrap_or_default());
        let change = Change::LeadConversionRequested(Box::new(request));
        Ok(outbox::append(conn, &self.author.event(change))?)
    }
}
