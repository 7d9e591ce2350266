//! `GET /clients/{id}`.

use actix_web::web::{Data, Path};
use events::{AccountId, ClientId};
use http_api::{ApiError, Authorized, IfNoneMatch, ReadProblems, Record, RecordsRead};
use serde_json::Value;

use super::{ClientResponse, show};
use crate::records::clients::read_client;
use crate::state::AppState;
use crate::store::narrowing::Lock;

/// One client.
#[utoipa::path(
    get,
    path = "/clients/{id}",
    tag = "clients",
    params(("id" = i64, Path, description = "The client's id")),
    responses((status = 200, description = "The client", body = ClientResponse), ReadProblems)
)]
pub(crate) async fn get_client(
    state: Data<AppState>,
    caller: Authorized<RecordsRead>,
    id: Path<i64>,
    if_none_match: IfNoneMatch,
) -> Result<Record<Value>, ApiError> {
    let account_id = AccountId(caller.account_id);
    let id = ClientId(id.into_inner());
    let client = state
        .read(move |conn| read_client(conn, account_id, id, Lock::None))
        .await?;
    Ok(Record::new(client.revision, show(&client)).unless(if_none_match))
}
