//! Rows of API tokens. Scopes are kept by name, parted by spaces.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Timestamp, TokenId};
use http_api::{Scope, ScopeSet};

use crate::domain::token::ApiToken;
use crate::store::schema::api_tokens;
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
struct ApiTokenRow {
    jti: String,
    name: String,
    scopes: String,
    created_at_us: i64,
    expires_at_us: Option<i64>,
    revoked_at_us: Option<i64>,
}

impl TryFrom<ApiTokenRow> for ApiToken {
    type Error = DatabaseError;

    fn try_from(row: ApiTokenRow) -> Result<Self, DatabaseError> {
        let scopes: ScopeSet = row
            .scopes
            .split_whitespace()
            .map(str::parse::<Scope>)
            .collect::<Result<_, _>>()
            .map_err(|_unknown| unreadable("api_tokens.scopes", &row.scopes))?;
        Ok(Self {
            id: TokenId(row.jti),
            name: row.name,
            scopes,
            created_at: Timestamp(row.created_at_us),
            expires_at: row.expires_at_us.map(Timestamp),
            revoked_at: row.revoked_at_us.map(Timestamp),
        })
    }
}

/// Which part of the list of tokens, newest first.
#[derive(Debug, Clone)]
pub(crate) struct TokenPage {
    /// How many rows.
    pub(crate) limit: i64,
    /// Only tokens that come after this one in the list.
    pub(crate) after: Option<TokenId>,
}

/// The token; `NotFound` if the account has none such.
pub(crate) fn get_token(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: &TokenId,
) -> Result<ApiToken, DatabaseError> {
    let row: ApiTokenRow = on_backend!(conn, |c| api_tokens::table
        .filter(api_tokens::account_id.eq(account_id.0))
        .filter(api_tokens::jti.eq(&id.0))
        .select(ApiTokenRow::as_select())
        .first(c))?;
    row.try_into()
}

/// Tokens of the account, newest first; `NotFound` if the account has no token
/// to go on after.
pub(crate) fn list_tokens(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    page: &TokenPage,
) -> Result<Vec<ApiToken>, DatabaseError> {
    let after = match &page.after {
        Some(id) => Some(get_token(conn, account_id, id)?),
        None => None,
    };
    let rows: Vec<ApiTokenRow> = on_backend!(conn, |c| {
        let mut query = api_tokens::table
            .filter(api_tokens::account_id.eq(account_id.0))
            .select(ApiTokenRow::as_select())
            .into_boxed();
        if let Some(last) = &after {
            let same_moment = api_tokens::created_at_us
                .eq(last.created_at.0)
                .and(api_tokens::jti.lt(&last.id.0));
            query = query.filter(
                api_tokens::created_at_us
                    .lt(last.created_at.0)
                    .or(same_moment),
            );
        }
        query
            .order((api_tokens::created_at_us.desc(), api_tokens::jti.desc()))
            .limit(page.limit)
            .load(c)
    })?;
    rows.into_iter().map(TryFrom::try_from).collect()
}

/// Keeps what there is to know of a new token.
pub(crate) fn insert_token(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    token: &ApiToken,
) -> Result<(), DatabaseError> {
    let scopes: Vec<&str> = token.scopes.iter().map(Scope::as_str).collect();
    on_backend!(conn, |c| diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::jti.eq(&token.id.0),
            api_tokens::account_id.eq(account_id.0),
            api_tokens::name.eq(&token.name),
            api_tokens::scopes.eq(scopes.join(" ")),
            api_tokens::created_at_us.eq(token.created_at.0),
            api_tokens::expires_at_us.eq(token.expires_at.map(|at| at.0)),
            api_tokens::revoked_at_us.eq(token.revoked_at.map(|at| at.0)),
        ))
        .execute(c))?;
    Ok(())
}

/// Marks a token as revoked; `false` if it is so already or not the account's.
pub(crate) fn revoke_token(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: &TokenId,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let changed = on_backend!(conn, |c| diesel::update(
        api_tokens::table
            .filter(api_tokens::account_id.eq(account_id.0))
            .filter(api_tokens::jti.eq(&id.0))
            .filter(api_tokens::revoked_at_us.is_null())
    )
    .set(api_tokens::revoked_at_us.eq(now.0))
    .execute(c))?;
    Ok(changed == 1)
}

/// Tokens of all accounts that were revoked at `since` or later.
pub(crate) fn list_revoked(
    conn: &mut Connection<'_>,
    since: Timestamp,
) -> Result<Vec<(TokenId, Timestamp)>, DatabaseError> {
    let rows: Vec<(String, Option<i64>)> = on_backend!(conn, |c| api_tokens::table
        .filter(api_tokens::revoked_at_us.ge(since.0))
        .select((api_tokens::jti, api_tokens::revoked_at_us))
        .load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(jti, at)| Some((TokenId(jti), Timestamp(at?))))
        .collect())
}
