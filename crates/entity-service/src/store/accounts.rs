//! Rows of accounts.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Timestamp};

use crate::domain::account::Account;
use crate::store::schema::accounts;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct AccountRow {
    id: i64,
    name: String,
    created_at_us: i64,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Self {
            id: AccountId(row.id),
            name: row.name,
            created_at: Timestamp(row.created_at_us),
        }
    }
}

/// The account; `NotFound` if none of that id was ever opened.
pub(crate) fn get_account(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<Account, DatabaseError> {
    let row: AccountRow = on_backend!(conn, |c| accounts::table
        .find(account_id.0)
        .select(AccountRow::as_select())
        .first(c))?;
    Ok(Account::from(row))
}

/// Gives the account another name.
pub(crate) fn update_account(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    name: &str,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(accounts::table.find(account_id.0))
        .set(accounts::name.eq(name))
        .execute(c))?;
    Ok(())
}

/// Makes other changes of the account's settings (pipelines, directories, custom
/// fields) wait until this transaction ends: what they count and number would
/// move under them. Writers of records do not wait. SQLite has one writer anyway.
pub(crate) fn lock_settings(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(_) => {}
        Connection::Postgres(c) => {
            accounts::table
                .find(account_id.0)
                .select(accounts::id)
                .for_no_key_update()
                .first::<i64>(*c)?;
        }
    }
    Ok(())
}

/// Makes others who open an account wait until this transaction ends; records are written
/// meanwhile. SQLite has one writer anyway.
pub(crate) fn lock_opening(conn: &mut Connection<'_>) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(_) => {}
        Connection::Postgres(c) => {
            diesel::sql_query("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE").execute(*c)?;
        }
    }
    Ok(())
}

/// Adds an account; answers its id.
pub(crate) fn insert_account(
    conn: &mut Connection<'_>,
    name: &str,
    now: Timestamp,
) -> Result<AccountId, DatabaseError> {
    let id: i64 = on_backend!(conn, |c| diesel::insert_into(accounts::table)
        .values((accounts::name.eq(name), accounts::created_at_us.eq(now.0),))
        .returning(accounts::id)
        .get_result(c))?;
    Ok(AccountId(id))
}

/// Adds an account under an id that it has elsewhere already. Hold [`lock_opening`].
pub(crate) fn insert_account_of(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    name: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(account_id.0),
            accounts::name.eq(name),
            accounts::created_at_us.eq(now.0),
        ))
        .execute(c))?;
    if let Connection::Postgres(c) = conn {
        // The sequence does not know of ids that it did not give.
        diesel::sql_query(
            "SELECT setval('accounts_id_seq', greatest(
                 (SELECT last_value FROM accounts_id_seq), (SELECT max(id) FROM accounts)))",
        )
        .execute(*c)?;
    }
    Ok(())
}

/// Whether the account was ever opened here.
pub(crate) fn is_account(
    conn: &mut Connection<'_>,
    account_id: AccountId,
) -> Result<bool, DatabaseError> {
    let found: Option<i64> = on_backend!(conn, |c| accounts::table
        .find(account_id.0)
        .select(accounts::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// Whether there is any account yet.
pub(crate) fn is_any_account(conn: &mut Connection<'_>) -> Result<bool, DatabaseError> {
    let first: Option<i64> = on_backend!(conn, |c| accounts::table
        .select(accounts::id)
        .first(c)
        .optional())?;
    Ok(first.is_some())
}
