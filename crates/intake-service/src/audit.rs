//! What `dealwire verify` reads of the leads.

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::count_star;
use diesel::prelude::*;

use crate::domain::lead::LeadState;
use crate::store::schema::leads;

/// The names of all states, in the order that a lead goes through them.
pub fn state_names() -> impl Iterator<Item = &'static str> {
    LeadState::ALL.into_iter().map(LeadState::as_str)
}

/// How many leads are in each state that any is in; those that were deleted are not counted.
///
/// # Errors
/// Database failures.
pub fn count_by_state(conn: &mut Connection<'_>) -> Result<Vec<(String, i64)>, DatabaseError> {
    Ok(on_backend!(conn, |c| leads::table
        .filter(leads::deleted_at_us.is_null())
        .group_by(leads::state)
        .select((leads::state, count_star()))
        .load(c))?)
}

/// Leads that are on their way to become clients and orders, the oldest first, `limit` at most.
///
/// # Errors
/// Database failures.
pub fn list_converting(conn: &mut Connection<'_>, limit: i64) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| leads::table
        .filter(leads::deleted_at_us.is_null())
        .filter(leads::state.eq(LeadState::Converting.as_str()))
        .order(leads::id)
        .limit(limit)
        .select(leads::id)
        .load(c))?)
}

/// Those of `ids` that are still on their way.
///
/// # Errors
/// Database failures.
pub fn still_converting(conn: &mut Connection<'_>, ids: &[i64]) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| leads::table
        .filter(leads::deleted_at_us.is_null())
        .filter(leads::state.eq(LeadState::Converting.as_str()))
        .filter(leads::id.eq_any(ids))
        .order(leads::id)
        .select(leads::id)
        .load(c))?)
}
