//! `GET /sources`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, LeadsRead, Page, QueryParams, ReadProblems};
use utoipa::IntoParams;

use super::{InboundBase, SourceResponse};
use crate::preset::PRESETS;
use crate::state::AppState;
use crate::store::sources::{self, SourceList};

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct SourceListParams {
    /// Of this type; may be repeated.
    r#type: Option<Vec<String>>,
    /// Taking leads, or switched off.
    active: Option<bool>,
    /// Created at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Created before this time.
    created_to: Option<String>,
    /// Last changed at or after this time.
    updated_from: Option<String>,
    /// Last changed before this time.
    updated_to: Option<String>,
    /// 1 to 200; 50 if left out.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Sources, newest first.
#[utoipa::path(
    get,
    path = "/sources",
    tag = "sources",
    params(SourceListParams),
    responses(
        (status = 200, description = "A page of sources", body = Page<SourceResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_sources(
    state: Data<AppState>,
    caller: Authorized<LeadsRead>,
    base: InboundBase,
    mut query: QueryParams,
) -> Result<Page<SourceResponse>, ApiError> {
    let types: Vec<_> = PRESETS
        .iter()
        .map(|preset| (preset.name, preset.name))
        .collect();
    let list = SourceList {
        presets: query.any_of("type", &types),
        active: query.boolean("active"),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    let (account_id, page) = (AccountId(caller.account_id), list.page);
    let found = state
        .read(move |conn| Ok(sources::list_sources(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        found,
        &page,
        |source| source.id.0,
        |source| SourceResponse::new(&source, &base, &caller),
    ))
}
