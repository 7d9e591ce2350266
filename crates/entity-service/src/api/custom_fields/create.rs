//! `POST /custom-fields`.

use actix_web::web::Data;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{CreateCustomFieldRequest, CustomFieldResponse, read_new};
use crate::records::custom_fields::add_custom_field;
use crate::state::AppState;

/// Adds a custom field.
#[utoipa::path(
    post,
    path = "/custom-fields",
    tag = "custom-fields",
    request_body = CreateCustomFieldRequest,
    responses((status = 201, description = "The field", body = CustomFieldResponse), WriteProblems)
)]
pub(crate) async fn create_custom_field(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let sha256 = body.sha256();
    let new = read_new(body)?;
    let author = state.author(&caller, &correlation_id);
    state
        .create(idempotency, &caller, sha256, move |conn| {
            let field = add_custom_field(conn, &author, &new)?;
            let location = format!("{API_PREFIX}/custom-fields/{}", field.id);
            let body = CustomFieldResponse::from(&field);
            Ok(Answer::created(location, Some(field.revision), &body)?)
        })
        .await
}
