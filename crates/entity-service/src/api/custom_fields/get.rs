//! `GET /custom-fields/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, CustomFieldId};
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};

use super::CustomFieldResponse;
use crate::state::AppState;
use crate::store::custom_fields as store;

/// A custom field.
#[utoipa::path(
    get,
    path = "/custom-fields/{id}",
    tag = "custom-fields",
    params(("id" = i64, Path, description = "The field's id")),
    responses(
        (status = 200, description = "The field", body = CustomFieldResponse),
        (status = 304, description = "If-None-Match names its revision"),
        ReadProblems,
    )
)]
pub(crate) async fn get_custom_field(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<CustomFieldResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), CustomFieldId(id.into_inner()));
    let field = state
        .read(move |conn| Ok(store::get_custom_field(conn, account_id, id)?))
        .await?;
    let body = CustomFieldResponse::from(&field);
    Ok(Record::new(field.revision, body).unless(if_none_match))
}
