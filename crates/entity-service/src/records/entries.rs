//! Whether the directory entries that a record would refer to are there.

use database::{Connection, DatabaseError};
use events::{AccountId, DirectoryEntryId};
use http_api::Presence;

use crate::domain::directory::DirectoryKind;
use crate::domain::problems::Problems;
use crate::store::references::list_entry_kinds;

/// A field of a record that names an entry of a directory.
#[derive(Debug)]
pub(crate) struct EntryReference {
    /// The field.
    pub(crate) key: &'static str,
    /// What people call such an entry.
    pub(crate) what: &'static str,
    /// Which directory it is in.
    pub(crate) kind: DirectoryKind,
    /// What the request says.
    pub(crate) sent: Presence<DirectoryEntryId>,
    /// What the record referred to before.
    pub(crate) had: Option<DirectoryEntryId>,
}

impl EntryReference {
    /// The entry that the record would newly refer to.
    fn new_entry(&self) -> Option<DirectoryEntryId> {
        match self.sent {
            Presence::Value(id) if self.had != Some(id) => Some(id),
            _ => None,
        }
    }
}

/// Checks all entries that the record would newly refer to with one query.
///
/// One that goes between here and the write makes the write fail on its foreign key.
pub(crate) fn check_entries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    references: &[EntryReference],
    problems: &mut Problems,
) -> Result<(), DatabaseError> {
    let ids: Vec<i64> = references
        .iter()
        .filter_map(|reference| Some(reference.new_entry()?.0))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let kinds = list_entry_kinds(conn, account_id, &ids)?;
    for reference in references {
        if let Some(id) = reference.new_entry()
            && kinds.get(&id.0) != Some(&reference.kind)
        {
            problems.not_found(reference.key, reference.what, id.0);
        }
    }
    Ok(())
}
