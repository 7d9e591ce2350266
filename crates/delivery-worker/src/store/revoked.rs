//! Tokens that are no longer valid.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use super::schema::revoked_tokens;

/// Remembers revoked tokens, each by account and id.
pub(crate) fn insert_revoked(
    conn: &mut Connection<'_>,
    tokens: &[(i64, String)],
) -> Result<(), DatabaseError> {
    let now_us = conn.now_us()?;
    for (account_id, token_id) in tokens {
        on_backend!(conn, |c| diesel::insert_into(revoked_tokens::table)
            .values((
                revoked_tokens::token_id.eq(token_id),
                revoked_tokens::account_id.eq(account_id),
                revoked_tokens::revoked_at_us.eq(now_us),
            ))
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Those that were revoked at or after `since_us`, with when they were.
pub(crate) fn list_revoked(
    conn: &mut Connection<'_>,
    since_us: i64,
) -> Result<Vec<(String, i64)>, DatabaseError> {
    Ok(on_backend!(conn, |c| revoked_tokens::table
        .filter(revoked_tokens::revoked_at_us.ge(since_us))
        .select((revoked_tokens::token_id, revoked_tokens::revoked_at_us))
        .load(c))?)
}
