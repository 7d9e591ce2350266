//! `GET /triggers`.

use actix_web::web::Data;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, WebhooksRead};
use utoipa::IntoParams;

use super::TriggerResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::trigger::TriggerEvent;
use crate::domain::webhook::WebhookKind;
use crate::domain::webhook_record::WebhookState;
use crate::state::AppState;
use crate::store::webhook_list::{FiredBy, WebhookList};

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct TriggerListParams {
    /// Of this stage; may be repeated.
    #[param(example = 12)]
    id_status: Option<i64>,
    /// Of a stage in this pipeline; may be repeated.
    id_pipeline: Option<i64>,
    /// Fired by this: `entered`, `created_in`, `entered_or_created`, `left` or `changed`; may be
    /// repeated.
    #[param(example = "entered")]
    event: Option<String>,
    /// Switched on, or off.
    active: Option<bool>,
    /// `active`, `inactive`, `paused`, `failing` or `disabled`; may be repeated.
    state: Option<String>,
    /// Created at or after this time.
    created_from: Option<String>,
    /// Created before this time.
    created_to: Option<String>,
    /// Changed at or after this time.
    updated_from: Option<String>,
    /// Changed before this time.
    updated_to: Option<String>,
    /// 1 to 200 items; 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Triggers, newest first.
#[utoipa::path(
    get,
    path = "/triggers",
    tag = "triggers",
    params(TriggerListParams),
    responses(
        (status = 200, description = "A page of triggers", body = Page<TriggerResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_triggers(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    mut query: QueryParams,
) -> Result<Page<Shown>, ApiError> {
    let list = WebhookList {
        kind: WebhookKind::Trigger,
        stages: query.ids("id_status"),
        pipelines: query.ids("id_pipeline"),
        fired_by: FiredBy::Trigger(query.any_of("event", &TriggerEvent::NAMES)),
        active: query.boolean("active"),
        states: query.any_of("state", &WebhookState::NAMES),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    callbacks::list(&state, &caller, list).await
}
