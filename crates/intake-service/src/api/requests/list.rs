//! `GET /sources/{id}/requests`.

use actix_web::web::{Data, Path};
use events::AccountId;
use http_api::{ApiError, Authorized, LeadsRead, Page, QueryParams, ReadProblems};
use utoipa::IntoParams;

use super::RequestResponse;
use crate::domain::source::SourceId;
use crate::state::AppState;
use crate::store::narrowing::Lock;
use crate::store::requests::{RequestList, list_requests as list_rows, outcome_names};
use crate::store::sources::find_source;

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct RequestListParams {
    /// What became of it; may be repeated.
    #[param(example = "malformed")]
    outcome: Option<String>,
    /// Came at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Came before this time.
    created_to: Option<String>,
    /// 1 to 200 items; 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Requests to the inbound URL of a source, newest first. Those that were turned away unread (429,
/// 503) are not among them.
#[utoipa::path(
    get,
    path = "/sources/{id}/requests",
    tag = "intake-requests",
    params(("id" = i64, Path, description = "The source's id"), RequestListParams),
    responses(
        (status = 200, description = "A page of requests", body = Page<RequestResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_requests(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    id: Path<i64>,
    mut query: QueryParams,
) -> Result<Page<RequestResponse>, ApiError> {
    let list = RequestList {
        outcomes: query.any_of("outcome", &outcome_names()),
        received: query.time_range("created"),
        page: query.page(),
    };
    query.finish()?;
    let (account_id, source_id) = (AccountId(caller.account_id), SourceId(id.into_inner()));
    let page = list.page;
    let rows = state
        .read(move |conn| {
            find_source(conn, account_id, source_id, Lock::None)?.ok_or(ApiError::NotFound)?;
            Ok(list_rows(conn, account_id, source_id, &list)?)
        })
        .await?;
    Ok(Page::from_rows(
        rows,
        &page,
        |row| row.id,
        RequestResponse::from,
    ))
}
