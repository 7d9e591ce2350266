//! `POST /orders`.

use actix_web::web::Data;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{OrderRequest, OrderResponse, read_patch, show};
use crate::api::settings::{SERVER_KEYS, refuse_keys};
use crate::domain::problems::Problems;
use crate::records::orders::add_order;
use crate::state::AppState;

/// Adds an order.
#[utoipa::path(
    post,
    path = "/orders",
    tag = "orders",
    request_body = OrderRequest,
    responses((status = 201, description = "The order", body = OrderResponse), WriteProblems)
)]
pub(crate) async fn create_order(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let mut fields = body.into_fields();
    refuse_keys(&mut fields, &SERVER_KEYS);
    let patch = read_patch(&mut fields);
    let problems = Problems::of(fields)?;
    let author = state.author(&caller, &correlation_id);
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let order = add_order(conn, &author, patch.clone(), problems.clone())?;
            let location = format!("{API_PREFIX}/orders/{}", order.record.id);
            Ok(Answer::created(
                location,
                Some(order.revision),
                &show(&order),
            )?)
        })
        .await
}
