//! `DELETE /clients/{id}`.

use actix_web::web::{Data, Path};
use events::ClientId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use crate::records::clients;
use crate::state::AppState;

/// Deletes a client that no order belongs to.
#[utoipa::path(
    delete,
    path = "/clients/{id}",
    tag = "clients",
    params(("id" = i64, Path, description = "The client's id")),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_client(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = ClientId(id.into_inner());
    state
        .write(move |conn| clients::delete_client(conn, &author, id, &if_match))
        .await?;
    Ok(NoContent)
}
