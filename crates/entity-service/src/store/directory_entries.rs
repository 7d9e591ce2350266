//! Rows of directory entries.

use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use events::{AccountId, Color, DirectoryEntryId, Timestamp};

use crate::domain::directory::{DirectoryEntry, DirectoryKind, NewDirectoryEntry};
use crate::domain::position::Shift;
use crate::store::named_list::{NamedList, narrow};
use crate::store::narrowing::page_of;
use crate::store::schema::{clients, directory_entries, orders, tasks};
use crate::store::stages::read_color;
use crate::store::unreadable::unreadable;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = directory_entries)]
struct DirectoryEntryRow {
    id: i64,
    kind: String,
    name: String,
    position: i64,
    color: Option<String>,
    revision: i64,
    created_at_us: i64,
    updated_at_us: i64,
}

impl TryFrom<DirectoryEntryRow> for DirectoryEntry {
    type Error = DatabaseError;

    fn try_from(row: DirectoryEntryRow) -> Result<Self, DatabaseError> {
        let kind = DirectoryKind::parse(&row.kind)
            .ok_or_else(|| unreadable("directory_entries.kind", &row.kind))?;
        Ok(Self {
            id: DirectoryEntryId(row.id),
            kind,
            name: row.name,
            position: row.position,
            color: read_color("directory_entries.color", row.color)?,
            revision: row.revision,
            created_at: Timestamp(row.created_at_us),
            updated_at: Timestamp(row.updated_at_us),
        })
    }
}

/// The entry; `NotFound` if that directory of the account has none such.
pub(crate) fn get_directory_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
    id: DirectoryEntryId,
) -> Result<DirectoryEntry, DatabaseError> {
    let row: DirectoryEntryRow = on_backend!(conn, |c| directory_entries::table
        .filter(directory_entries::account_id.eq(account_id.0))
        .filter(directory_entries::kind.eq(kind.as_str()))
        .filter(directory_entries::id.eq(id.0))
        .select(DirectoryEntryRow::as_select())
        .first(c))?;
    row.try_into()
}

/// One page of the account's directory, newest first.
pub(crate) fn list_directory_entries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
    list: &NamedList,
) -> Result<Vec<DirectoryEntry>, DatabaseError> {
    let rows: Vec<DirectoryEntryRow> = on_backend!(conn, |c| narrow!(
        directory_entries::table
            .filter(directory_entries::account_id.eq(account_id.0))
            .filter(directory_entries::kind.eq(kind.as_str()))
            .select(DirectoryEntryRow::as_select())
            .into_boxed(),
        directory_entries,
        list
    )
    .load(c))?;
    rows.into_iter().map(TryFrom::try_from).collect()
}

/// How many entries the directory has.
pub(crate) fn count_directory_entries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
) -> Result<i64, DatabaseError> {
    Ok(on_backend!(conn, |c| directory_entries::table
        .filter(directory_entries::account_id.eq(account_id.0))
        .filter(directory_entries::kind.eq(kind.as_str()))
        .count()
        .get_result(c))?)
}

/// How many records refer to the entry.
pub(crate) fn count_uses_of_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
    id: DirectoryEntryId,
) -> Result<i64, DatabaseError> {
    use DirectoryKind::{City, ClientStatus, Office, OrderCategory, Origin, TaskStatus, TaskType};

    macro_rules! count {
        ($table:ident, $column:ident) => {
            on_backend!(conn, |c| $table::table
                .filter($table::account_id.eq(account_id.0))
                .filter($table::$column.eq(id.0))
                .count()
                .get_result(c))?
        };
    }
    Ok(match kind {
        OrderCategory => count!(orders, category_id),
        Origin => count!(orders, origin_id),
        Office => count!(orders, office_id),
        City => count!(orders, city_id),
        ClientStatus => count!(clients, status_id),
        TaskStatus => count!(tasks, status_id),
        TaskType => count!(tasks, type_id),
    })
}

/// Adds an entry at revision 1.
pub(crate) fn insert_directory_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
    entry: &NewDirectoryEntry,
    position: i64,
    now: Timestamp,
) -> Result<DirectoryEntry, DatabaseError> {
    let row: DirectoryEntryRow =
        on_backend!(conn, |c| diesel::insert_into(directory_entries::table)
            .values((
                directory_entries::account_id.eq(account_id.0),
                directory_entries::kind.eq(kind.as_str()),
                directory_entries::name.eq(&entry.name),
                directory_entries::position.eq(position),
                directory_entries::color.eq(entry.color.as_ref().map(Color::as_str)),
                directory_entries::revision.eq(1),
                directory_entries::created_at_us.eq(now.0),
                directory_entries::updated_at_us.eq(now.0),
            ))
            .returning(DirectoryEntryRow::as_returning())
            .get_result(c))?;
    row.try_into()
}

/// Writes what of an entry can change, its revision among it.
pub(crate) fn update_directory_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    entry: &DirectoryEntry,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::update(
        directory_entries::table
            .filter(directory_entries::account_id.eq(account_id.0))
            .filter(directory_entries::id.eq(entry.id.0))
    )
    .set((
        directory_entries::name.eq(&entry.name),
        directory_entries::position.eq(entry.position),
        directory_entries::color.eq(entry.color.as_ref().map(Color::as_str)),
        directory_entries::revision.eq(entry.revision),
        directory_entries::updated_at_us.eq(entry.updated_at.0),
    ))
    .execute(c))?;
    Ok(())
}

/// Moves entries of one directory along; each gets a new revision.
pub(crate) fn shift_directory_entries(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    kind: DirectoryKind,
    shift: &Shift,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let (first, last) = (*shift.places.start(), *shift.places.end());
    on_backend!(conn, |c| diesel::update(
        directory_entries::table
            .filter(directory_entries::account_id.eq(account_id.0))
            .filter(directory_entries::kind.eq(kind.as_str()))
            .filter(directory_entries::position.between(first, last))
    )
    .set((
        directory_entries::position.eq(directory_entries::position + shift.by),
        directory_entries::revision.eq(directory_entries::revision + 1),
        directory_entries::updated_at_us.eq(now.0),
    ))
    .execute(c))?;
    Ok(())
}

/// Removes an entry that no record refers to.
pub(crate) fn delete_directory_entry(
    conn: &mut Connection<'_>,
    account_id: AccountId,
    id: DirectoryEntryId,
) -> Result<(), DatabaseError> {
    on_backend!(conn, |c| diesel::delete(
        directory_entries::table
            .filter(directory_entries::account_id.eq(account_id.0))
            .filter(directory_entries::id.eq(id.0))
    )
    .execute(c))?;
    Ok(())
}
