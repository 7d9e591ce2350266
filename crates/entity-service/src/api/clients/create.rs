//! `POST /clients`.

use actix_web::web::Data;
use http_api::{
    API_PREFIX, ApiError, Authorized, CorrelationId, JsonBody, RecordsWrite, WriteProblems,
};
use idempotency::{Answer, Idempotency};

use super::{ClientRequest, ClientResponse, read_patch, show};
use crate::api::settings::{SERVER_KEYS, refuse_keys};
use crate::domain::problems::Problems;
use crate::records::clients::add_client;
use crate::state::AppState;

/// Adds a client.
#[utoipa::path(
    post,
    path = "/clients",
    tag = "clients",
    request_body = ClientRequest,
    responses((status = 201, description = "The client", body = ClientResponse), WriteProblems)
)]
pub(crate) async fn create_client(
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
            let client = add_client(conn, &author, &patch, problems.clone())?;
            let location = format!("{API_PREFIX}/clients/{}", client.record.id);
            Ok(Answer::created(
                location,
                Some(client.revision),
                &show(&client),
            )?)
        })
        .await
}
