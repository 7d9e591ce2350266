//! `POST /tokens`.

use actix_web::web::Data;
use events::{AccountId, Timestamp, TokenId};
use http_api::{
    API_PREFIX, AdminWrite, ApiError, Authorized, Claims, JsonBody, WriteProblems, new_token_id,
};
use idempotency::{Answer, Idempotency, Outcome};

use super::{CreateTokenRequest, CreatedTokenResponse, TokenResponse};
use crate::domain::token::ApiToken;
use crate::state::AppState;
use crate::store::api_tokens::insert_token;
use crate::store::error::StoreError;

/// Makes a token; the answer is the only place that ever shows it. A repeat with the same
/// Idempotency-Key answers without it: what is stored for repeats holds no secret.
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "tokens",
    request_body = CreateTokenRequest,
    responses(
        (status = 201, description = "The token", body = CreatedTokenResponse),
        WriteProblems,
    )
)]
pub(crate) async fn create_token(
    state: Data<AppState>,
    caller: Authorized<AdminWrite>,
    idempotency: Idempotency,
    body: JsonBody,
) -> Result<Answer, ApiError> {
    let now = state.clock.now();
    let sha256 = body.sha256();
    let request = CreateTokenRequest::read(body, &caller, now)?;
    let account_id = AccountId(caller.account_id);
    let token = ApiToken {
        id: TokenId(new_token_id()),
        name: request.name,
        scopes: request.scopes,
        created_at: now,
        expires_at: request.expires_at,
        revoked_at: None,
    };
    let claims = Claims {
        account_id: account_id.0,
        token_id: token.id.0.clone(),
        scopes: token.scopes,
        issued_at_seconds: now.unix_seconds(),
        expires_at_seconds: token.expires_at.map(Timestamp::unix_seconds),
    };
    let signed = state
        .token_signer
        .sign(&claims)
        .map_err(ApiError::internal)?;
    let known = TokenResponse::from(&token);
    let outcome = idempotency
        .run_with(&state.database, &caller, sha256, move |conn| {
            insert_token(conn, account_id, &token)?;
            let known = TokenResponse::from(&token);
            let location = format!("{API_PREFIX}/tokens/{}", known.id);
            Ok::<_, StoreError>((Answer::created(location, None, &known)?, ()))
        })
        .await?;
    match outcome {
        Outcome::Repeated(answer) => Ok(answer),
        Outcome::Done(mut answer, ()) => {
            answer.set_body(&CreatedTokenResponse {
                known,
                token: signed,
            })?;
            Ok(answer)
        }
    }
}
