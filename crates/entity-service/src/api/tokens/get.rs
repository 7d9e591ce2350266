//! `GET /tokens/{id}`.

use actix_web::web::{Data, Json, Path};
use events::{AccountId, TokenId};
use http_api::{AdminRead, ApiError, Authorized, ReadProblems};

use super::TokenResponse;
use crate::state::AppState;
use crate::store::api_tokens as store;

/// What is known of a token; the token itself is kept nowhere.
#[utoipa::path(
    get,
    path = "/tokens/{id}",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 200, description = "The token", body = TokenResponse), ReadProblems)
)]
pub(crate) async fn get_token(
    state: Data<AppState>,
    caller: Authorized<AdminRead>,
    id: Path<String>,
) -> Result<Json<TokenResponse>, ApiError> {
    let (account_id, id) = (AccountId(caller.account_id), TokenId(id.into_inner()));
    let token = state
        .read(move |conn| Ok(store::get_token(conn, account_id, &id)?))
        .await?;
    Ok(Json(TokenResponse::from(&token)))
}
