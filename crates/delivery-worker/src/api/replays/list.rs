//! `GET /replays`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, WebhooksRead};
use utoipa::IntoParams;

use super::ReplayResponse;
use crate::domain::replay::ReplayState;
use crate::state::AppState;
use crate::store::replays::{ReplayList, list_replays as list};

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct ReplayListParams {
    /// Replays of this webhook; may be repeated.
    webhook: Option<i64>,
    /// As `webhook`.
    trigger: Option<i64>,
    /// `replay` or `retry`; may be repeated.
    kind: Option<String>,
    /// `running`, `finishing`, `done`, `cancelling` or `cancelled`; may be repeated.
    state: Option<String>,
    /// 1 to 200 items; 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

const KINDS: [(&str, &str); 2] = [("replay", "replay"), ("retry", "retry")];

/// Jobs, newest first.
#[utoipa::path(
    get,
    path = "/replays",
    tag = "replays",
    params(ReplayListParams),
    responses(
        (status = 200, description = "A page of jobs", body = Page<ReplayResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_replays(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    mut query: QueryParams,
) -> Result<Page<ReplayResponse>, ApiError> {
    let states = ReplayState::NAMES.map(|(name, _)| (name, name));
    let wanted = ReplayList {
        webhook_ids: ["webhook", "trigger"]
            .into_iter()
            .flat_map(|name| query.ids(name))
            .collect(),
        kinds: query.any_of("kind", &KINDS),
        states: query.any_of("state", &states),
        page: query.page(),
    };
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), wanted.page);
    let shown = state
        .read(move |conn| {
            let found = list(conn, account_id, &wanted)?;
            found
                .iter()
                .map(ReplayResponse::new)
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Page::from_rows(
        shown,
        &page,
        |shown| shown.id,
        |shown| shown,
    ))
}
