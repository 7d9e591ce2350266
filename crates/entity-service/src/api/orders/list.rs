//! `GET /orders`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{ApiError, Authorized, Page, QueryParams, ReadProblems, RecordsRead};
use serde_json::Value;
use utoipa::IntoParams;

use super::{OrderResponse, show};
use crate::state::AppState;
use crate::store::orders::{self, OrderList};

/// What a list of orders can be narrowed by; each id may be repeated.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query string; QueryParams reads it")]
pub(crate) struct OrderListParams {
    /// Of these clients.
    id_client: Option<Vec<i64>>,
    /// In these stages.
    id_status: Option<Vec<i64>>,
    /// In these pipelines.
    id_pipeline: Option<Vec<i64>>,
    /// Of these categories.
    id_cat: Option<Vec<i64>>,
    /// From these origins.
    id_origin: Option<Vec<i64>>,
    /// Of these employees.
    id_owner: Option<Vec<i64>>,
    /// Of these offices.
    id_office: Option<Vec<i64>>,
    /// Of these cities.
    id_city: Option<Vec<i64>>,
    /// In the archive, or not.
    archive: Option<bool>,
    /// Added at or after this time (RFC 3339 or Unix seconds).
    created_from: Option<String>,
    /// Added before this time.
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

/// Orders, newest first.
#[utoipa::path(
    get,
    path = "/orders",
    tag = "orders",
    params(OrderListParams),
    responses(
        (status = 200, description = "A page of orders", body = Page<OrderResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_orders(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    mut query: QueryParams,
) -> Result<Page<Value>, ApiError> {
    let list = OrderList {
        client_ids: query.ids("id_client"),
        stage_ids: query.ids("id_status"),
        pipeline_ids: query.ids("id_pipeline"),
        category_ids: query.ids("id_cat"),
        origin_ids: query.ids("id_origin"),
        owner_ids: query.ids("id_owner"),
        office_ids: query.ids("id_office"),
        city_ids: query.ids("id_city"),
        archived: query.boolean("archive"),
        created: query.time_range("created"),
        updated: query.time_range("updated"),
        page: query.page(),
    };
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let page = list.page;
    let found = state
        .read(move |conn| Ok(orders::list_orders(conn, account_id, &list)?))
        .await?;
    Ok(Page::from_rows(
        found,
        &page,
        |order| order.record.id.0,
        |order| show(&order),
    ))
}
