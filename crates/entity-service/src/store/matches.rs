//! Which clients have which contacts, and keeping others from giving the same
//! contact to another client meanwhile.

use std::collections::HashMap;

use database::{Connection, DatabaseError, on_backend, statement};
use diesel::dsl::min;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
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
            statement(
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

/// The lowest client of each contact of a column.
///
/// PostgreSQL is told to look each contact up by itself: as one condition on the table it reads all
/// of a table that it has no statistics of, as every table of a new installation is.
macro_rules! lowest_by {
    ($conn:expr, $account_id:expr, $column:expr, $name:literal, $contacts:expr) => {
        match $conn {
            Connection::Sqlite(c) => clients::table
                .filter(clients::account_id.eq($account_id.0))
                .filter($column.eq_any($contacts))
                .group_by($column)
                .select(($column.assume_not_null(), min(clients::id).assume_not_null()))
                .load::<(String, i64)>(*c)?,
            Connection::Postgres(c) => {
                let rows: Vec<HolderRow> = diesel::sql_query(concat!(
                    "SELECT wanted.contact, min(found.id) AS id FROM unnest($2) AS wanted (contact) \
                     CROSS JOIN LATERAL (SELECT id FROM clients WHERE account_id = $1 AND ",
                    $name,
                    " = wanted.contact OFFSET 0) AS found GROUP BY wanted.contact"
                ))
                .bind::<BigInt, _>($account_id.0)
                .bind::<Array<Text>, _>($contacts)
                .load(*c)?;
                rows.into_iter().map(|row| (row.contact, row.id)).collect()
            }
        }
    };
}
/// Which of the account's clients have these contacts.
pub(crate) fn find_holders(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    phones: &[&str],
    emails: &[&str],
) -> Result<Holders, DatabaseError> {
    let mut holders = Holders::default();
    if !phones.is_empty() {
        let rows = lowest_by!(
            conn,
            account_id,
            clients::phone_normalized,
            "phone_normalized",
            phones
        );
        holders.by_phone = by_key(rows);
    }
    if !emails.is_empty() {
        let rows = lowest_by!(
            conn,
            account_id,
            clients::email_normalized,
            "email_normalized",
            emails
        );
        holders.by_email = by_key(rows);
    }
    // Only who has a phone of these can have both.
    let phones: Vec<&str> = holders.by_phone.keys().map(String::as_str).collect();
    if !phones.is_empty() && !holders.by_email.is_empty() {
        holders.by_both = by_key(list_with_both(conn, account_id, &phones, emails)?);
    }
    Ok(holders)
}

#[derive(QueryableByName)]
struct HolderRow {
    #[diesel(sql_type = Text)]
    contact: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A phone and an email, and the lowest client that has both.
type PairRow = ((String, String), i64);

/// The lowest client of each pair of these contacts that one has.
fn list_with_both(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    phones: &[&str],
    emails: &[&str],
) -> Result<Vec<PairRow>, DatabaseError> {
    let (phone, email) = (
        clients::phone_normalized.assume_not_null(),
        clients::email_normalized.assume_not_null(),
    );
    let rows: Vec<(String, String, i64)> = on_backend!(conn, |c| clients::table
        .filter(clients::account_id.eq(account_id.0))
        .filter(phone.eq_any(phones))
        .filter(email.eq_any(emails))
        .group_by((clients::phone_normalized, clients::email_normalized))
        .select((phone, email, min(clients::id).assume_not_null()))
        .load(c))?;
    let pair = |(phone, email, id)| ((phone, email), id);
    Ok(rows.into_iter().map(pair).collect())
}

fn by_key<K: Eq + std::hash::Hash>(rows: Vec<(K, i64)>) -> HashMap<K, ClientId> {
    rows.into_iter()
        .map(|(key, id)| (key, ClientId(id)))
        .collect()
}
