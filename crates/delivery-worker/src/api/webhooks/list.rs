//! `GET /webhooks`.

use actix_web::web::Data;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, WebhooksRead};
use utoipa::IntoParams;

use super::WebhookResponse;
use crate::api::callbacks::{self, Shown};
use crate::domain::webhook::{EventSwitches, WebhookKind};
use crate::domain::webhook_record::WebhookState;
use crate::state::AppState;
use crate::store::webhook_list::{FiredBy, WebhookList};

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct WebhookListParams {
    /// Switched on, or off.
    active: Option<bool>,
    /// Fired by this event; may be repeated.
    #[param(example = "order.add")]
    event: Option<String>,
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

/// Webhooks, newest first.
#[utoipa::path(
    get,
    path = "/webhooks",
    tag = "webhooks",
    params(WebhookListParams),
    responses(
        (status = 200, description = "A page of webhooks", body = Page<WebhookResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_webhooks(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    mut query: QueryParams,
) -> Result<Page<Shown>, ApiError> {
    let events = EventSwitches::NAMES.map(|name| (name, name));
    let list = WebhookList {
        kind: WebhookKind::Webhook,
        stages: Vec::new(),
        pipelines: Vec::new(),
        active: query.boolean("active"),
        fired_by: FiredBy::Switches(query.any_of("event", &events)),
        states: query.any_of("state", &WebhookState::NAMES),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    callbacks::list(&state, &caller, list).await
}
