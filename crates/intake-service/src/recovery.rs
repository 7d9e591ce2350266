//! What the intake service knows of the entity service's records, and how far it is itself with
//! leads, for `dealwire recover`.

use database::{Connection, DatabaseError, identities, on_backend};
use diesel::dsl::max;
use diesel::prelude::*;

use crate::store::schema::{leads, sources};

/// The highest ids of the entity service's records that are known, by the kind of record.
///
/// # Errors
/// Database failures.
pub fn highest_ids(conn: &mut Connection<'_>) -> Result<Vec<(String, i64)>, DatabaseError> {
    let (account, client, order): (Option<i64>, Option<i64>, Option<i64>) =
        on_backend!(conn, |c| leads::table
            .select((
                max(leads::account_id),
                max(leads::client_id),
                max(leads::order_id)
            ))
            .first(c))?;
    let of_sources: Option<i64> = on_backend!(conn, |c| sources::table
        .select(max(sources::account_id))
        .first(c))?;
    let known = [
        ("account", account.max(of_sources)),
        ("client", client),
        ("order", order),
    ];
    let known = known
        .into_iter()
        .filter_map(|(kind, id)| Some((kind.to_owned(), id?)));
    Ok(known.collect())
}

/// The accounts that have sources.
///
/// # Errors
/// Database failures.
pub fn list_accounts(conn: &mut Connection<'_>) -> Result<Vec<i64>, DatabaseError> {
    Ok(on_backend!(conn, |c| sources::table
        .select(sources::account_id)
        .distinct()
        .load(c))?)
}

/// The highest id that a lead was given; 0 if none was.
///
/// # Errors
/// Database failures.
pub fn last_lead_id(conn: &mut Connection<'_>) -> Result<i64, DatabaseError> {
    let given = identities::list(conn)?;
    let leads = given.into_iter().find(|it| it.table == "leads");
    Ok(leads.map_or(0, |it| it.last))
}

/// Makes ids of leads go on after `last`.
///
/// # Errors
/// Database failures.
pub fn raise_lead_ids(conn: &mut Connection<'_>, last: i64) -> Result<(), DatabaseError> {
    identities::raise(conn, "leads", last)
}
