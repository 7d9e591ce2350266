//! Changes of directory entries. They have no events: records name entries by id.

use database::Connection;
use events::DirectoryEntryId;
use http_api::IfMatch;

use crate::domain::directory::{
    DirectoryEntry, DirectoryEntryPatch, DirectoryKind, MAX_ENTRIES, NewDirectoryEntry,
};
use crate::domain::position::{close_gap, insert_at, move_to};
use crate::records::room::{check_room, check_unused};
use crate::store::accounts::lock_settings;
use crate::store::author::Author;
use crate::store::directory_entries as store;
use crate::store::error::StoreError;

/// Adds an entry.
pub(crate) fn add_entry(
    conn: &mut Connection<'_>,
    author: &Author,
    kind: DirectoryKind,
    new: &NewDirectoryEntry,
) -> Result<DirectoryEntry, StoreError> {
    let (account_id, now) = (author.account_id, author.now);
    lock_settings(conn, account_id)?;
    let count = store::count_directory_entries(conn, account_id, kind)?;
    check_room(count, MAX_ENTRIES, "entries in this directory")?;
    let place = insert_at(count, new.position);
    if let Some(shift) = &place.shift {
        store::shift_directory_entries(conn, account_id, kind, shift, now)?;
    }
    let position = place.position;
    Ok(store::insert_directory_entry(
        conn, account_id, kind, new, position, now,
    )?)
}

/// The entry, kept from other writers until the transaction ends.
pub(crate) fn lock_entry(
    conn: &mut Connection<'_>,
    author: &Author,
    kind: DirectoryKind,
    id: DirectoryEntryId,
    if_match: &IfMatch,
) -> Result<DirectoryEntry, StoreError> {
    lock_settings(conn, author.account_id)?;
    let entry = store::get_directory_entry(conn, author.account_id, kind, id)?;
    if_match.check(entry.revision)?;
    Ok(entry)
}

/// Changes the entry that [`lock_entry`] gave. Records that refer to it stay as they are.
pub(crate) fn edit_entry(
    conn: &mut Connection<'_>,
    author: &Author,
    before: DirectoryEntry,
    patch: DirectoryEntryPatch,
) -> Result<DirectoryEntry, StoreError> {
    let (account_id, kind) = (author.account_id, before.kind);
    let mut after = before.clone();
    if let Some(name) = patch.name {
        after.name = name;
    }
    patch.color.merge_into_option(&mut after.color);
    if let Some(wanted) = patch.position {
        let count = store::count_directory_entries(conn, account_id, kind)?;
        let place = move_to(count, before.position, wanted);
        if let Some(shift) = &place.shift {
            store::shift_directory_entries(conn, account_id, kind, shift, author.now)?;
        }
        after.position = place.position;
    }
    if after == before {
        return Ok(before);
    }
    after.revision += 1;
    after.updated_at = author.now.max(before.updated_at);
    store::update_directory_entry(conn, account_id, &after)?;
    Ok(after)
}

/// Deletes an entry that no record refers to.
pub(crate) fn delete_entry(
    conn: &mut Connection<'_>,
    author: &Author,
    kind: DirectoryKind,
    id: DirectoryEntryId,
    if_match: &IfMatch,
) -> Result<(), StoreError> {
    let account_id = author.account_id;
    let entry = lock_entry(conn, author, kind, id, if_match)?;
    let uses = store::count_uses_of_entry(conn, account_id, kind, id)?;
    check_unused(uses, kind.used_by(), "use this entry")?;
    let count = store::count_directory_entries(conn, account_id, kind)?;
    store::delete_directory_entry(conn, account_id, id)?;
    if let Some(shift) = close_gap(count, entry.position) {
        store::shift_directory_entries(conn, account_id, kind, &shift, author.now)?;
    }
    Ok(())
}
