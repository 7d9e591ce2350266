//! `DELETE /tokens/{id}`.

use actix_web::web::{Data, Path};
use database::Connection;
use events::{Change, TokenId, TokenRevoked};
use http_api::{AdminWrite, ApiError, Authorized, CorrelationId, NoContent, WriteProblems};

use crate::state::AppState;
use crate::store::api_tokens as store;
use crate::store::author::Author;
use crate::store::error::StoreError;

/// Revokes a token: it is refused here at once, and elsewhere within seconds. It stays in the list.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "It is revoked"), WriteProblems)
)]
pub(crate) async fn revoke_token(
    state: Data<AppState>,
    caller: Authorized<AdminWrite>,
    correlation_id: CorrelationId,
    id: Path<String>,
) -> Result<NoContent, ApiError> {
    let author = state.author(&caller, &correlation_id);
    let id = TokenId(id.into_inner());
    let revoked = id.clone();
    state.write(move |conn| revoke(conn, &author, &id)).await?;
    state.token_verifier.revoke(revoked.0);
    Ok(NoContent)
}

fn revoke(conn: &mut Connection<'_>, author: &Author, id: &TokenId) -> Result<(), StoreError> {
    // Somebody else's token is not there; one that is revoked stays so, without another event.
    store::get_token(conn, author.account_id, id)?;
    if store::revoke_token(conn, author.account_id, id, author.now)? {
        let change = Change::TokenRevoked(TokenRevoked {
            token_id: id.clone(),
        });
        author.append(conn, change)?;
    }
    Ok(())
}
