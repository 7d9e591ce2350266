//! `POST /intake-requests/{id}/replay`.

use std::sync::Arc;

use actix_web::web::{Data, Path};
use events::{AccountId, LeadId};
use http_api::{ApiError, Authorized, FieldError, LeadsWrite, Record, WriteProblems, code};
use serde_json::{Map, Value};

use super::detail::Detail;
use crate::answer::managed_lead_body;
use crate::api::leads::LeadResponse;
use crate::domain::request::{Outcome, RawRequest, RequestId};
use crate::domain::source::Source;
use crate::inbound::{Parsed, describe, parse};
use crate::reading::Language;
use crate::state::AppState;
use crate::store::leads::find_lead;
use crate::store::narrowing::Lock;
use crate::taking::{Arrival, Kept, Replay, Verdict};

/// Reads a request again, by the source's present settings, and takes the lead that it did not make
/// at first. A request that has its lead answers that one and makes no other; so this may be
/// repeated. The source may be switched off.
///
/// What is still wrong with it is answered with 422; a probe, spam, what makes no lead with its
/// sender, and what was not kept whole with 409. The journal's entry has the new outcome in all cases.
#[utoipa::path(
    post,
    path = "/intake-requests/{id}/replay",
    tag = "intake-requests",
    params(("id" = i64, Path, description = "The request's id")),
    responses((status = 200, description = "The lead", body = LeadResponse), WriteProblems)
)]
pub(crate) async fn replay_request(
    state: Data<AppState>,
    caller: Authorized<LeadsWrite>,
    id: Path<i64>,
) -> Result<Record<Map<String, Value>>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), RequestId(id.into_inner()));
    let (detail, lead) = state
        .read(move |conn| {
            let detail = Detail::find(conn, account_id, id)?.ok_or(ApiError::NotFound)?;
            let lead = match detail.row.lead_id {
                Some(lead) => find_lead(conn, account_id, LeadId(lead), Lock::None)?,
                None => None,
            };
            Ok((detail, lead))
        })
        .await?;
    if let Some(lead) = lead {
        return Ok(Record::new(lead.revision, managed_lead_body(&lead)));
    }
    if detail.row.lead_id.is_some() {
        return Err(conflict("The lead of this request was deleted."));
    }
    let raw = detail.raw().filter(|_| !detail.is_cut());
    let raw =
        raw.ok_or_else(|| conflict("This request was not kept whole, so it cannot be read."))?;
    let source = detail
        .source
        .ok_or_else(|| conflict("The source of this request was deleted."))?;
    let lead = take_again(&state, id, Arc::new(source), raw).await?;
    Ok(Record::new(lead.revision, managed_lead_body(&lead)))
}

async fn take_again(
    state: &AppState,
    request_id: RequestId,
    source: Arc<Source>,
    mut raw: RawRequest,
) -> Result<crate::domain::lead::Lead, ApiError> {
    let at = state.clock.now();
    let (verdict, refusal) = judge(parse(&source, &raw));
    // The lead is made now; the journal goes on saying when the request came.
    raw.received_at = at;
    let arrival = Arrival {
        source,
        request: raw,
        verdict,
        replay: Some(Replay { request_id, at }),
    };
    match state.taking.take(arrival).await {
        Ok(Kept::Taken(lead) | Kept::Known(lead)) => Ok(*lead),
        Ok(Kept::Journalled) => Err(refusal),
        Ok(Kept::Failed) => Err(ApiError::internal("a request could not be replayed")),
        Err(error) => Err(ApiError::unavailable(error)),
    }
}

/// What is written, and what is answered if that is no lead.
fn judge(parsed: Parsed) -> (Verdict, ApiError) {
    let only = |outcome: Outcome, status: u16, error: Option<String>, refusal: ApiError| {
        let verdict = Verdict::Journal {
            outcome,
            status,
            error,
        };
        (verdict, refusal)
    };
    match parsed {
        // Whoever replays a request means it: it is no double click.
        Parsed::Lead { draft, .. } => {
            let verdict = Verdict::Lead {
                draft,
                fingerprint: None,
            };
            (verdict, ApiError::internal("a lead was not made"))
        }
        Parsed::Test => only(
            Outcome::Test,
            200,
            None,
            conflict("This request is a probe."),
        ),
        Parsed::Spam(_) => only(
            Outcome::Spam,
            200,
            None,
            conflict("This request is spam: its honeypot field was filled in."),
        ),
        Parsed::Ignored(reason) => only(
            Outcome::Ignored,
            200,
            Some(reason.to_owned()),
            conflict("A request of this kind makes no lead with this sender."),
        ),
        Parsed::Refused(problems) => {
            let error = describe(&problems);
            let errors = problems
                .iter()
                .map(|problem| {
                    let pointer = format!("/{}", problem.field);
                    FieldError::new(pointer, code::INVALID, problem.message(Language::English))
                })
                .collect();
            let refusal = ApiError::Unprocessable(errors);
            only(Outcome::Rejected, 422, Some(error), refusal)
        }
        Parsed::Unreadable(problem, error) => {
            let refusal = ApiError::field("", code::INVALID, error.clone());
            only(problem.outcome(), problem.status(), Some(error), refusal)
        }
        Parsed::Panicked => only(
            Outcome::Failed,
            202,
            Some("reading it failed through our fault".to_owned()),
            ApiError::internal("reading a request panicked"),
        ),
    }
}

fn conflict(detail: &str) -> ApiError {
    ApiError::Conflict {
        detail: detail.to_owned(),
    }
}
