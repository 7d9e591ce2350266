//! `PATCH /accounts/{id}`.

use actix_web::web::{Data, Json, Path};
use database::Connection;
use events::AccountId;
use http_api::{AdminWrite, ApiError, Authorized, JsonBody, WriteProblems};

use super::{AccountResponse, UpdateAccountRequest, own};
use crate::domain::account::Account;
use crate::state::AppState;
use crate::store::accounts as store;
use crate::store::error::StoreError;

/// Renames the account that the token is of (JSON merge patch).
#[utoipa::path(
    patch,
    path = "/accounts/{id}",
    tag = "accounts",
    params(("id" = i64, Path, description = "The account's id")),
    request_body = UpdateAccountRequest,
    responses((status = 200, description = "The account", body = AccountResponse), WriteProblems)
)]
pub(crate) async fn update_account(
    state: Data<AppState>,
    caller: Authorized<AdminWrite>,
    id: Path<i64>,
    body: JsonBody,
) -> Result<Json<AccountResponse>, ApiError> {
    let account_id = own(&caller, id.into_inner())?;
    let account = state
        .write(move |conn| rename(conn, account_id, &body))
        .await?;
    Ok(Json(AccountResponse::from(&account)))
}

fn rename(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    body: &JsonBody,
) -> Result<Account, StoreError> {
    store::lock_settings(conn, account_id)?;
    let mut account = store::get_account(conn, account_id)?;
    let patch = UpdateAccountRequest::read(body.clone(), &account)?;
    if let Some(name) = patch.name
        && name != account.name
    {
        store::update_account(conn, account_id, &name)?;
        account.name = name;
    }
    Ok(account)
}
