//! Forgetting answers that speak of a person.
//!
//! The key stays taken: a repeat of the request must not do it twice. It is told
//! that the answer is no longer there ([`claim_key`](crate::claim_key)).

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::schema::idempotency_keys::dsl;

/// Stands where a forgotten answer had its status; only answers of success are
/// stored.
pub(crate) const FORGOTTEN: i64 = 410;

/// What a look through some answers found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundAnswers {
    /// The keys of those that match.
    pub keys: Vec<String>,
    /// The key to look on after; `None` if there are no more.
    pub next: Option<String>,
}

/// Looks through the bodies of the account's stored answers, by key, for those
/// that match; `limit` of them, those after the key `after`.
///
/// # Errors
/// Database failures.
pub fn find_answers(
    conn: &mut Connection<'_>,
    account_id: i64,
    after: &str,
    limit: i64,
    matches: impl Fn(&[u8]) -> bool,
) -> Result<FoundAnswers, DatabaseError> {
    let rows: Vec<(String, Vec<u8>)> = on_backend!(conn, |c| dsl::idempotency_keys
        .filter(dsl::account_id.eq(account_id))
        .filter(dsl::idempotency_key.gt(after))
        .order(dsl::idempotency_key)
        .limit(limit)
        .select((dsl::idempotency_key, dsl::body))
        .load(c))?;
    let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < limit);
    let next = rows.last().filter(|_| !is_last).map(|(key, _)| key.clone());
    let matching = rows.into_iter().filter(|(_, body)| matches(body));
    Ok(FoundAnswers {
        keys: matching.map(|(key, _)| key).collect(),
        next,
    })
}

/// Forgets the account's answers with these keys; returns how many there were.
///
/// # Errors
/// Database failures.
pub fn forget_answers(
    conn: &mut Connection<'_>,
    account_id: i64,
    keys: &[String],
) -> Result<usize, DatabaseError> {
    let rows = dsl::idempotency_keys
        .filter(dsl::account_id.eq(account_id))
        .filter(dsl::idempotency_key.eq_any(keys));
    let nothing: &[u8] = &[];
    Ok(on_backend!(conn, |c| diesel::update(rows)
        .set((
            dsl::status.eq(FORGOTTEN),
            dsl::etag.eq(None::<String>),
            dsl::body.eq(nothing),
        ))
        .execute(c))?)
}
