//! `PATCH /clients/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{ClientId, ClientSnapshot};
use http_api::{
    ApiError, Authorized, CorrelationId, IfMatch, JsonBody, Record, RecordsWrite, WriteProblems,
};
use serde_json::Value;

use super::{ClientRequest, ClientResponse, read_patch, show};
use crate::api::settings::{SERVER_KEYS, keep_keys};
use crate::domain::problems::Problems;
use crate::domain::stored::Stored;
use crate::records::clients::{edit_client, read_client};
use crate::state::AppState;
use crate::store::author::Author;
use crate::store::error::StoreError;
use crate::store::narrowing::Lock;

/// Changes a client (JSON merge patch).
#[utoipa::path(
    patch,
    path = "/clients/{id}",
    tag = "clients",
    params(("id" = i64, Path, description = "The client's id")),
    request_body = ClientRequest,
    responses((status = 200, description = "The client", body = ClientResponse), WriteProblems)
)]
pub(crate) async fn update_client(
    state: Data<AppState>,
    caller: Authorized<RecordsWrite>,
    correlation_id: CorrelationId,
    id: Path<i64>,
    if_match: IfMatch,
    body: JsonBody,
) -> Result<Record<Value>, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = ClientId(id.into_inner());
    let client = state
        .write(move |conn| update(conn, &author, id, &if_match, &body))
        .await?;
    Ok(Record::new(client.revision, show(&client)))
}

fn update(
    conn: &mut Connection<'_>,
    author: &Author,
    id: ClientId,
    if_match: &IfMatch,
    body: &JsonBody,
) -> Result<Stored<ClientSnapshot>, StoreError> {
    let before = read_client(conn, author.account_id, id, Lock::Write)?;
    if_match.check(before.revision)?;
    let mut fields = body.clone().into_fields();
    keep_keys(&mut fields, &SERVER_KEYS, &show(&before));
    let patch = read_patch(&mut fields);
    edit_client(conn, author, before, &patch, Problems::of(fields)?)
}
