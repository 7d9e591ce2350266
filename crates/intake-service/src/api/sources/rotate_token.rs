//! `POST /sources/{id}/rotate-token`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, IfMatch, LeadsWrite, OptionalJsonBody, WriteProblems};
use idempotency::{Answer, Idempotency, Outcome};

use super::token::new_token;
use super::{InboundBase, SourceResponse};
use crate::domain::source::SourceId;
use crate::state::AppState;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;
use crate::store::sources::{find_source, update_source};

/// Gives a source a new URL; the one before is answered 404 from now on.
#[utoipa::path(
    post,
    path = "/sources/{id}/rotate-token",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its ETag"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat safe"),
    ),
    responses(
        (status = 200, description = "The source with its new URL", body = SourceResponse),
        WriteProblems,
    )
)]
pub(crate) async fn rotate_token(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    idempotency: Idempotency,
    base: InboundBase,
    id: Path<i64>,
    if_match: IfMatch,
    body: OptionalJsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.0.sha256();
    body.0.into_fields().finish()?;
    let (account_id, id) = (AccountId(caller.account_id), SourceId(id.into_inner()));
    let (token, now, shown_to) = (new_token()?, state.clock.now(), (*caller).clone());
    let outcome = idempotency
        .run_with(&state.database, &caller, sha256, move |conn| {
            let source = find_source(conn, account_id, id, Lock::Write)?;
            let mut source = source.ok_or(ApiError::NotFound)?;
            if_match.check(source.revision)?;
            let before = std::mem::replace(&mut source.token, token.clone());
            source.revision += 1;
            source.updated_at = now.max(source.updated_at);
            update_source(conn, &source)?;
            let shown = SourceResponse::new(&source, &base, &shown_to);
            let answer = Answer::of_record(source.revision, &shown)?;
            Ok::<_, StoreError>((answer, before))
        })
        .await?;
    if let Outcome::Done(_, before) = &outcome {
        state.sources.forget(before);
    }
    Ok(outcome.into_answer())
}
