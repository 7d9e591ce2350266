//! `GET /deliveries`.

use actix_web::web::Data;
use events::{AccountId, EventId};
use http_api::{
    ApiError, Authorized, Page, PageRequest, QueryParams, ReadProblems, WebhooksRead, code,
};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{DeliveryResponse, unusable};
use crate::domain::delivery::{DeliveryId, DeliveryState, Origin};
use crate::domain::webhook::{EventSwitches, WebhookKind};
use crate::state::AppState;
use crate::store::delivery_log::{DeliveryList, list_deliveries as list_log};

/// What the list can be narrowed by.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query for the OpenAPI document")]
pub(crate) struct DeliveryListParams {
    /// Of this webhook or trigger; may be repeated.
    webhook: Option<i64>,
    /// As `webhook`.
    trigger: Option<i64>,
    /// Of webhooks or of triggers: `webhook` or `trigger`; may be repeated.
    kind: Option<String>,
    /// `pending`, `delivered`, `failed`, `skipped`, `expired` or `dropped`; may be repeated.
    state: Option<String>,
    /// `order`, `task`, `client` or `webhook`.
    component: Option<String>,
    /// As `webhook`, by the name that it has in a delivery.
    webhook_id: Option<i64>,
    /// As `webhook`.
    trigger_id: Option<i64>,
    /// Of this record; may be repeated. Name the component as well: ids are counted per component.
    record_id: Option<i64>,
    /// Of an event of this type, or `test`; may be repeated.
    #[param(example = "order.add")]
    event: Option<String>,
    /// Of this event, whatever it fired.
    #[param(format = "uuid")]
    event_id: Option<String>,
    /// `event`, `replay` or `test`; may be repeated.
    origin: Option<String>,
    /// Made at or after this time.
    created_from: Option<String>,
    /// Made before this time.
    created_to: Option<String>,
    /// 1 to 200 items; 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

const COMPONENTS: [(&str, &str); 4] = [
    ("order", "order"),
    ("task", "task"),
    ("client", "client"),
    ("webhook", "webhook"),
];
const TEST: (&str, &str) = ("test", "test");

/// Deliveries, newest first.
#[utoipa::path(
    get,
    path = "/deliveries",
    tag = "deliveries",
    params(DeliveryListParams),
    responses(
        (status = 200, description = "A page of deliveries", body = Page<DeliveryResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_deliveries(
    state: Data<AppState>,
    caller: Authorized<WebhooksRead>,
    mut query: QueryParams,
) -> Result<Page<DeliveryResponse>, ApiError> {
    let list = read_list(&mut query);
    query.finish()?;
    let (account_id, limit) = (AccountId(caller.account_id), list.limit);
    let mut deliveries = state
        .read(move |conn| Ok(list_log(conn, account_id, &list)?))
        .await?;

    // One more than a page was asked for, to know whether there is another.
    let page_length = usize::try_from(limit - 1).unwrap_or(usize::MAX);
    let has_more = deliveries.len() > page_length;
    deliveries.truncate(page_length);
    let next_cursor = deliveries
        .last()
        .filter(|_| has_more)
        .and_then(|last| DeliveryId::from_bytes(&last.row.id))
        .map(encode_cursor);
    let now = state.clock.now();
    Ok(Page {
        items: deliveries
            .into_iter()
            .map(|delivery| {
                let unusable = unusable(&state, &delivery);
                DeliveryResponse::new(delivery, unusable.as_deref(), now)
            })
            .collect(),
        next_cursor,
    })
}

fn read_list(query: &mut QueryParams) -> DeliveryList {
    let states = DeliveryState::ALL.map(|state| (state.as_str(), state.as_str()));
    let origins = Origin::ALL.map(|origin| (origin.as_str(), origin.as_str()));
    let kinds =
        [WebhookKind::Webhook, WebhookKind::Trigger].map(|kind| (kind.as_str(), kind.as_str()));
    let mut event_types = EventSwitches::NAMES.map(|name| (name, name)).to_vec();
    event_types.push(TEST);
    DeliveryList {
        webhook_ids: ["webhook", "webhook_id", "trigger", "trigger_id"]
            .into_iter()
            .flat_map(|name| query.ids(name))
            .collect(),
        kinds: query.any_of("kind", &kinds),
        states: query.any_of("state", &states),
        component: query.one_of("component", &COMPONENTS),
        record_ids: query.ids("record_id"),
        event_types: query.any_of("event", &event_types),
        event_id: read_event_id(query),
        origins: query.any_of("origin", &origins),
        created: query.time_range("created"),
        before: read_cursor(query),
        limit: read_limit(query) + 1,
    }
}

fn read_event_id(query: &mut QueryParams) -> Option<EventId> {
    let text = query.text("event_id")?;
    let id = Uuid::try_parse(&text).map(EventId).ok();
    if id.is_none() {
        query.error(
            "event_id",
            code::INVALID,
            "Send the id of an event, a UUID, as `id` of an envelope shows it.",
        );
    }
    id
}

fn read_limit(query: &mut QueryParams) -> i64 {
    let limit = query.integer("limit", 1);
    if limit.is_some_and(|limit| limit > PageRequest::MAX_LIMIT) {
        query.error(
            "limit",
            code::OUT_OF_RANGE,
            format!("Send a number from 1 to {}.", PageRequest::MAX_LIMIT),
        );
    }
    limit
        .unwrap_or(PageRequest::DEFAULT_LIMIT)
        .min(PageRequest::MAX_LIMIT)
}

/// A cursor has no meaning outside; inside it is the last delivery of a page.
fn encode_cursor(last: DeliveryId) -> String {
    last.0.simple().to_string()
}

fn read_cursor(query: &mut QueryParams) -> Option<DeliveryId> {
    let text = query.text("cursor")?;
    let id = Uuid::try_parse(&text).map(DeliveryId).ok();
    if id.is_none() {
        query.error(
            "cursor",
            code::INVALID,
            "Send the next_cursor of the page before, or leave this out for the first page.",
        );
    }
    id
}
