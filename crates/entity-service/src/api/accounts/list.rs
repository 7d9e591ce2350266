//! `GET /accounts`.

use actix_web::web::Data;
use events::AccountId;
use http_api::{AdminRead, ApiError, Authorized, Page, QueryParams, ReadProblems};

use super::AccountResponse;
use crate::state::AppState;
use crate::store::accounts as store;

/// The accounts that the token sees: its own.
#[utoipa::path(
    get,
    path = "/accounts",
    tag = "accounts",
    responses(
        (status = 200, description = "The token's account", body = Page<AccountResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_accounts(
    state: Data<AppState>,
    caller: Authorized<AdminRead>,
    query: QueryParams,
) -> Result<Page<AccountResponse>, ApiError> {
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let account = state
        .read(move |conn| Ok(store::get_account(conn, account_id)?))
        .await?;
    Ok(Page {
        items: vec![AccountResponse::from(&account)],
        next_cursor: None,
    })
}
