//! Opening of accounts.

use database::Connection;
use events::{AccountId, Action, Timestamp};

use crate::domain::directory::NewDirectoryEntry;
use crate::domain::seed;
use crate::domain::stage::default_stages;
use crate::store::accounts::{insert_account, insert_account_of, is_account, lock_opening};
use crate::store::author::Author;
use crate::store::directory_entries::insert_directory_entry;
use crate::store::error::StoreError;
use crate::store::pipelines::{get_pipeline, insert_pipeline};
use crate::store::stages::insert_stage;

/// Opens an account with all that its first order needs; the delivery worker
/// learns of its pipeline by an event.
pub(crate) fn open_account(
    conn: &mut Connection<'_>,
    name: &str,
    now: Timestamp,
) -> Result<AccountId, StoreError> {
    let account_id = insert_account(conn, name, now)?;
    fill_account(conn, account_id, now)?;
    Ok(account_id)
}

/// Opens the account of this id with all that its first order needs, unless it
/// is open already: one that is known elsewhere, but not here.
pub(crate) fn ensure_account(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if is_account(conn, account_id)? {
        return Ok(());
    }
    lock_opening(conn)?;
    // Another replica may have opened it while this one waited.
    if is_account(conn, account_id)? {
        return Ok(());
    }
    insert_account_of(conn, account_id, &format!("Аккаунт {account_id}"), now)?;
    fill_account(conn, account_id, now)
}

fn fill_account(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let author = Author::system(account_id, now);
    let pipeline_id = insert_pipeline(conn, account_id, seed::PIPELINE, 0, now)?;
    for (position, stage) in (0..).zip(&default_stages()) {
        insert_stage(conn, account_id, pipeline_id, stage, position)?;
    }
    for (kind, names) in seed::ENTRIES {
        for (position, name) in (0..).zip(names) {
            let entry = NewDirectoryEntry {
                name: (*name).to_owned(),
                position: None,
                color: None,
            };
            insert_directory_entry(conn, account_id, kind, &entry, position, now)?;
        }
    }
    let pipeline = get_pipeline(conn, account_id, pipeline_id)?;
    author.append(conn, pipeline.changed(Action::Add))?;
    Ok(())
}
