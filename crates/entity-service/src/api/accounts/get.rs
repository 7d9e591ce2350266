//! `GET /accounts/{id}`.

use actix_web::web::{Data, Json, Path};
use http_api::{AdminRead, ApiError, Authorized, ReadProblems};

use super::{AccountResponse, own};
use crate::state::AppState;
use crate::store::accounts as store;

/// The account that the token is of.
#[utoipa::path(
    get,
    path = "/accounts/{id}",
    tag = "accounts",
    params(("id" = i64, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = AccountResponse), ReadProblems)
)]
pub(crate) async fn get_account(
    state: Data<AppState>,
    caller: Authorized<AdminRead>,
    id: Path<i64>,
) -> Result<Json<AccountResponse>, ApiError> {
    let account_id = own(&caller, id.into_inner())?;
    let account = state
        .read(move |conn| Ok(store::get_account(conn, account_id)?))
        .await?;
    Ok(Json(AccountResponse::from(&account)))
}
