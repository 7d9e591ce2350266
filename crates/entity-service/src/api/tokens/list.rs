//! `GET /tokens`.

use actix_web::web::Data;
use database::DatabaseError;
use events::{AccountId, TokenId};
use http_api::{
    AdminRead, ApiError, Authorized, FieldError, Page, QueryParams, ReadProblems, code,
};

use super::TokenResponse;
use crate::api::settings::PageParams;
use crate::state::AppState;
use crate::store::api_tokens::{self as store, TokenPage};
use crate::store::error::StoreError;

/// Tokens of the account, newest first; those that were revoked are among them.
#[utoipa::path(
    get,
    path = "/tokens",
    tag = "tokens",
    params(PageParams),
    responses(
        (status = 200, description = "A page of tokens", body = Page<TokenResponse>),
        ReadProblems,
    )
)]
pub(crate) async fn list_tokens(
    state: Data<AppState>,
    caller: Authorized<AdminRead>,
    mut query: QueryParams,
) -> Result<Page<TokenResponse>, ApiError> {
    let limit = query.limit();
    // Tokens have no number to go on from; the last one's own id is the cursor.
    let after = query.text("cursor").map(TokenId);
    query.finish()?;
    let account_id = AccountId(caller.account_id);
    let page = TokenPage {
        // One more than asked for, to know whether there is more.
        limit: limit + 1,
        after,
    };
    let mut tokens = state
        .read(
            move |conn| match store::list_tokens(conn, account_id, &page) {
                Err(DatabaseError::NotFound) => Err(StoreError::Refused(unknown_cursor())),
                listed => Ok(listed?),
            },
        )
        .await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = tokens.len() > shown;
    tokens.truncate(shown);
    let last = tokens.last().filter(|_| more);
    Ok(Page {
        next_cursor: last.map(|token| token.id.0.clone()),
        items: tokens.iter().map(TokenResponse::from).collect(),
    })
}

fn unknown_cursor() -> ApiError {
    let error = FieldError::new(
        "cursor",
        code::INVALID,
        "Send the next_cursor of the page before, or leave this out for the first page.",
    );
    ApiError::InvalidQuery {
        errors: vec![error],
    }
}
