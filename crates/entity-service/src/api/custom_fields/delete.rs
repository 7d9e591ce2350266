//! `DELETE /custom-fields/{id}`.

use actix_web::web::{Data, Path};
use events::CustomFieldId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, NoContent, RecordsWrite, WriteProblems,
};

use crate::records;
use crate::state::AppState;

/// Removes a custom field that no client has a value in.
#[utoipa::path(
    delete,
    path = "/custom-fields/{id}",
    tag = "custom-fields",
    params(("id" = i64, Path, description = "The field's id")),
    responses((status = 204, description = "It is gone"), WriteProblems)
)]
pub(crate) async fn delete_custom_field(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = CustomFieldId(id.into_inner());
    state
        .write(move |conn| {
            records::custom_fields::delete_custom_field(conn, &author, id, &if_match)
        })
        .await?;
    Ok(NoContent)
}
