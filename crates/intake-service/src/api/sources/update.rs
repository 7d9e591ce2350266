//! `PATCH /sources/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{AccountId, Timestamp};
use http_api::{
    ApiError, Authorized, Caller, IfMatch, JsonBody, LeadsWrite, Record, WriteProblems,
};

use super::settings::{keep_read_only, read_settings};
use super::{InboundBase, SourceResponse, UpdateSourceRequest};
use crate::domain::source::{Source, SourceId};
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::sources::{self, find_source};

/// Changes a source (JSON merge patch); requests to its URL meet the change within seconds at the
/// latest, here at once.
#[utoipa::path(
    patch,
    path = "/sources/{id}",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
    ),
    request_body = UpdateSourceRequest,
    responses((status = 200, description = "The source", body = SourceResponse), WriteProblems)
)]
pub(crate) async fn update_source(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    base: InboundBase,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<SourceResponse>, ApiError> {
    let change = SourceChange {
        id: SourceId(id.into_inner()),
        caller: (*caller).clone(),
        base: base.clone(),
        if_match,
        body,
        now: state.clock.now(),
    };
    let source = state.write(move |conn| change.run(conn)).await?;
    state.sources.forget(&source.token);
    Ok(Record::new(
        source.revision,
        SourceResponse::new(&source, &base, &caller),
    ))
}

/// What is done in one transaction.
struct SourceChange {
    id: SourceId,
    caller: Caller,
    base: InboundBase,
    if_match: IfMatch,
    body: JsonBody,
    now: Timestamp,
}

impl SourceChange {
    fn run(&self, conn: &mut Connection<'_>) -> Result<Source, StoreError> {
        let account_id = AccountId(self.caller.account_id);
        let before = find_source(conn, account_id, self.id, Lock::Write)?;
        let before = before.ok_or(ApiError::NotFound)?;
        self.if_match.check(before.revision)?;
        let mut fields = self.body.clone().into_fields();
        let shown = SourceResponse::new(&before, &self.base, &self.caller);
        let shown = serde_json::to_value(shown).map_err(ApiError::internal)?;
        keep_read_only(&mut fields, &shown);
        fields.read_only("type", shown.get("type"));
        let patch = read_settings(&mut fields);
        fields.finish()?;

        let mut after = before.clone();
        patch.merge_into(&mut after);
        if after == before {
            return Ok(before);
        }
        after.revision += 1;
        after.updated_at = self.now.max(before.updated_at);
        sources::update_source(conn, &after)?;
        Ok(after)
    }
}
