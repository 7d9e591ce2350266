//! Tokens that are no longer valid.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, TokenId};

use crate::schema::revoked_tokens;

/// A token that is no longer valid.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = revoked_tokens)]
pub struct RevokedToken {
    /// Its id.
    pub token_id: String,
    /// Whose it is.
    pub account_id: i64,
    /// Since when, microseconds by this database's time.
    pub revoked_at_us: i64,
}

/// All that are remembered, by id.
///
/// # Errors
/// Database failures.
pub fn list_all(conn: &mut Connection<'_>) -> Result<Vec<RevokedToken>, DatabaseError> {
    Ok(on_backend!(conn, |c| revoked_tokens::table
        .order(revoked_tokens::token_id)
        .select(RevokedToken::as_select())
        .load(c))?)
}

/// Remembers tokens that others do; how many were not known.
///
/// # Errors
/// Database failures.
pub fn remember(
    conn: &mut Connection<'_>,
    tokens: &[RevokedToken],
) -> Result<usize, DatabaseError> {
    let mut new = 0;
    for token in tokens {
        new += on_backend!(conn, |c| diesel::insert_into(revoked_tokens::table)
            .values(token)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(new)
}

/// Remembers a revoked token; one that is known already keeps its time.
pub(crate) fn insert_revoked(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    token_id: &TokenId,
) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    on_backend!(conn, |c| diesel::insert_into(revoked_tokens::table)
        .values((
            revoked_tokens::token_id.eq(&token_id.0),
            revoked_tokens::account_id.eq(account_id.0),
            revoked_tokens::revoked_at_us.eq(now_us),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Those that were revoked at or after `since_us`, with when they were, in
/// microseconds by the database's time.
pub(crate) fn list_revoked(
    conn: &mut Connection<'_>,
    since_us: i64,
) -> Result<Vec<(String, i64)>, DatabaseError> {
    Ok(on_backend!(conn, |c| revoked_tokens::table
        .filter(revoked_tokens::revoked_at_us.ge(since_us))
        .select((revoked_tokens::token_id, revoked_tokens::revoked_at_us))
        .load(c))?)
}
