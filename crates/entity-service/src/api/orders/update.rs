//! `PATCH /orders/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{OrderId, OrderSnapshot};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};
use serde_json::Value;

use super::{OrderRequest, OrderResponse, read_patch, show};
use crate::api::settings::{SERVER_KEYS, keep_keys};
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::records::orders::{edit_order, read_order};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;

/// Changes an order (JSON merge patch).
#[utoipa::path(
    patch,
    path = "/orders/{id}",
    tag = "orders",
    params(("id" = i64, Path, description = "The order's id")),
    request_body = OrderRequest,
    responses((status = 200, description = "The order", body = OrderResponse), WriteProblems)
)]
pub(crate) async fn update_order(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Value>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = OrderId(id.into_inner());
    let order = state
        .write(move |conn| update(conn, &author, id, &if_match, &body))
        .await?;
    Ok(Record::new(order.revision, show(&order)))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    id: OrderId,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<Stored<OrderSnapshot>, StoreError> {
    let before = read_order(conn, author.account_id, id, Lock::Write)?;
    if_match.check(before.revision)?;
    let mut fields = body.clone().into_fields();
    keep_keys(&mut fields, &SERVER_KEYS, &show(&before));
    let patch = read_patch(&mut fields);
    edit_order(conn, author, before, patch, Problems::of(fields)?)
}
