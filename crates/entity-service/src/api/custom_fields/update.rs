//! `PATCH /custom-fields/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::CustomFieldId;
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};

use super::{CustomFieldResponse, UpdateCustomFieldRequest, read_patch};
use crate::domain::custom_field::CustomField;
use crate::records::custom_fields::{edit_custom_field, lock_custom_field};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;

/// Renames or moves a custom field (JSON merge patch). Clients keep their values, and tell of the
/// new name with their next change.
#[utoipa::path(
    patch,
    path = "/custom-fields/{id}",
    tag = "custom-fields",
    params(("id" = i64, Path, description = "The field's id")),
    request_body = UpdateCustomFieldRequest,
    responses((status = 200, description = "The field", body = CustomFieldResponse), WriteProblems)
)]
pub(crate) async fn update_custom_field(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<CustomFieldResponse>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = CustomFieldId(id.into_inner());
    let field = state
        .write(move |conn| update(conn, &author, id, &if_match, &body))
        .await?;
    let body = CustomFieldResponse::from(&field);
    Ok(Record::new(field.revision, body))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    id: CustomFieldId,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<CustomField, StoreError> {
    let before = lock_custom_field(conn, author, id, if_match)?;
    let patch = read_patch(body.clone(), &before)?;
    edit_custom_field(conn, author, before, patch)
}
