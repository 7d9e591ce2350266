//! `GET /orders/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, OrderId};
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};
use serde_json::Value;

use super::{OrderResponse, show};
use crate::records::orders::read_order;
use crate::state::AppState;
use crate::store::narrowing::Lock;

/// One order.
#[utoipa::path(
    get,
    path = "/orders/{id}",
    tag = "orders",
    params(("id" = i64, Path, description = "The order's id")),
    responses((status = 200, description = "The order", body = OrderResponse), ReadProblems)
)]
pub(crate) async fn get_order(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<Value>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let id = OrderId(id.into_inner());
    let order = state
        .read(move |conn| read_order(conn, account_id, id, Lock::None))
        .await?;
    Ok(Record::new(order.revision, show(&order)).unless(if_none_match))
}
