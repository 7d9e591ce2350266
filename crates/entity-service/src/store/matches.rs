//! Which clients have which contacts, and keeping others from giving the same
//! contact to another client meanwhile.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend};
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use events::{AccountId, ClientId};

use crate::store::schema::clients;

/// Makes others who lock one of these names wait until this transaction ends.
///
/// Take them before any row: who holds a row waits for nobody who waits for a
/// name. All at once and in the order of their keys, so that two never wait for
/// each other. SQLite has one writer anyway.
pub(crate) fn lock_names(conn: &mut Connection<'_>, names: &[String]) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(_) => {}
        Connection::Postgres(c) => {
            diesel::sql_query(
                "SELECT pg_advisory_xact_lock(key) FROM (
                     SELECT DISTINCT hashtextextended(name, 0) AS key
                     FROM unnest($1) AS name ORDER BY key
                 ) AS keys",
            )
            .bind::<Array<Text>, _>(names)
            .execute(*c)?;
        }
    }
    Ok(())
}

/// The lowest client by each contact.
#[derive(Debug, Default)]
pub(crate) struct Holders {
    /// By phone in E.164.
    pub(crate) by_phone: HashMap<String, ClientId>,
    /// By email in comparable spelling.
    pub(crate) by_email: HashMap<String, ClientId>,
    /// By both.
    pub(crate) by_both: HashMap<(String, String), ClientId>,
}

/// Which of the account's clients have these contacts.
pub(crate) fn find_holders(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    phones: &[&str],
    emails: &[&str],
) -> Result<Holders, DatabaseError> {
    let phone = clients::phone_normalized.assume_not_null();
    let email = clients::email_normalized.assume_not_null();
    let lowest = min(clients::id).assume_not_null();
    let mut holders = Holders::default();
    if !phones.is_empty() {
        let rows: Vec<(String, i64)> = on_backend!(conn, |c| clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(phone.eq_any(phones))
            .group_by(clients::phone_normalized)
            .select((phone, lowest))
            .load(c))?;
        holders.by_phone = by_key(rows);
    }
    if !emails.is_empty() {
        let rows: Vec<(String, i64)> = on_backend!(conn, |c| clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(email.eq_any(emails))
            .group_by(clients::email_normalized)
            .select((email, lowest))
            .load(c))?;
        holders.by_email = by_key(rows);
    }
    if !holders.by_phone.is_empty() && !holders.by_email.is_empty() {
        let rows: Vec<(String, String, i64)> = on_backend!(conn, |c| clients::table
            .filter(clients::account_id.eq(account_id.0))
            .filter(phone.eq_any(phones))
            .filter(email.eq_any(emails))
            .group_by((clients::phone_normalized, clients::email_normalized))
            .select((phone, email, lowest))
            .load(c))?;
        holders.by_both = by_key(
            rows.into_iter()
                .map(|(phone, email, id)| ((phone, email), id))
                .collect(),
        );
    }
    Ok(holders)
}

fn by_key<K: Eq + std::hash::Hash>(rows: Vec<(K, i64)>) -> HashMap<K, ClientId> {
    rows.into_iter()
        .map(|(key, id)| (key, ClientId(id)))
        .collect()
}
