//! Statements on partitions (PostgreSQL).

pub(super) mod ahead;
pub(super) mod clear;
mod owned;
pub(super) mod release;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_query;
use diesel::sql_types::{Bool, Text};

use super::Moment;
use super::layout::Partition;
use super::table::{Key, PartitionedTable};
use crate::DatabaseError;

/// How long a change waits for a table, milliseconds; all others wait behind it.
pub(super) const LOCK_TIMEOUT_MS: u32 = 100;

/// What came of a change that only one process makes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock<T> {
    /// It was made.
    Taken(T),
    /// Another process is making one.
    Busy,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    bounds: String,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    answer: bool,
}

/// Whether a change was given up because others have its table.
pub(super) fn is_lock_timeout(error: &DatabaseError) -> bool {
    matches!(
        error,
        DatabaseError::Refused(DieselError::DatabaseError(DatabaseErrorKind::Unknown, why))
            if why.message().contains("lock timeout")
    )
}

/// Makes a change unless another process makes one of this table.
pub(super) fn alone<T>(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    change: &impl Fn(&mut PgConnection) -> Result<T, DatabaseError>,
) -> Result<Lock<T>, DatabaseError> {
    let taken: Answer =
        sql_query("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS answer")
            .bind::<Text, _>(format!("partitions of {}", table.name))
            .get_result(conn)?;
    if !taken.answer {
        return Ok(Lock::Busy);
    }
    conn.batch_execute(&format!("SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))?;
    change(conn).map(Lock::Taken)
}

/// The table's partitions in order. Those that were not made here are left out, and with
/// them all that depends on their being whole.
pub(super) fn list_partitions(
    conn: &mut PgConnection,
    table: &PartitionedTable,
) -> Result<Vec<Partition>, DatabaseError> {
    conn.batch_execute("SET LOCAL bytea_output = 'hex'")?;
    let found: Vec<Found> = sql_query(
        "SELECT c.relname::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds \
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = $1::regclass",
    )
    .bind::<Text, _>(table.name)
    .load(conn)?;
    let mut partitions = Vec::with_capacity(found.len());
    for Found { name, bounds } in found {
        match Partition::parse(table.key, name, &bounds) {
            Some(partition) => partitions.push(partition),
            None => {
                tracing::warn!(table = table.name, bounds, "a partition is not ours");
                return Ok(Vec::new());
            }
        }
    }
    partitions.sort_unstable_by_key(|one| one.from);
    Ok(partitions)
}

/// Tables that were partitions.
pub(super) fn list_detached(
    conn: &mut PgConnection,
    table: &PartitionedTable,
) -> Result<Vec<String>, DatabaseError> {
    let named: Vec<Named> = sql_query(
        "SELECT c.relname::text AS name FROM pg_class c \
         WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $1::regclass) \
         AND c.relkind = 'r' AND NOT c.relispartition AND starts_with(c.relname::text, $2)",
    )
    .bind::<Text, _>(table.name)
    .bind::<Text, _>(format!("{}_gone_", table.name))
    .load(conn)?;
    Ok(named.into_iter().map(|one| one.name).collect())
}

/// Removes such a table.
pub(super) fn drop_detached(conn: &mut PgConnection, name: &str) -> Result<(), DatabaseError> {
    Ok(conn.batch_execute(&format!("DROP TABLE IF EXISTS {name}"))?)
}

/// Keeps partitions as they are until the transaction ends, and lets others read and write.
pub(super) fn hold(conn: &mut PgConnection, table: &PartitionedTable) -> Result<(), DatabaseError> {
    let parent = table.name;
    Ok(conn.batch_execute(&format!("LOCK TABLE ONLY {parent} IN ROW EXCLUSIVE MODE"))?)
}

/// The same for who only reads.
pub(super) fn hold_for_reading(
    conn: &mut PgConnection,
    table: &PartitionedTable,
) -> Result<(), DatabaseError> {
    let parent = table.name;
    Ok(conn.batch_execute(&format!("LOCK TABLE ONLY {parent} IN ACCESS SHARE MODE"))?)
}

fn take(conn: &mut PgConnection, table: &PartitionedTable) -> Result<(), DatabaseError> {
    let parent = table.name;
    Ok(conn.batch_execute(&format!(
        "LOCK TABLE ONLY {parent} IN ACCESS EXCLUSIVE MODE"
    ))?)
}

/// Answers the name that the table has from now on, until it is dropped.
fn detach(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
) -> Result<String, DatabaseError> {
    let (parent, name) = (table.name, &partition.name);
    let from = partition.from.unwrap_or(Moment::FIRST);
    let gone = format!("{parent}_gone_{from}");
    conn.batch_execute(&format!(
        "ALTER TABLE {parent} DETACH PARTITION {name}; ALTER TABLE {name} RENAME TO {gone}"
    ))?;
    Ok(gone)
}

/// Makes a partition. Attached, since making it in place would take more locks; its key comes
/// with that.
fn create(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    name: &str,
    from: Option<Moment>,
    until: Option<Moment>,
) -> Result<(), DatabaseError> {
    let (parent, bounds) = (table.name, bounds(table.key, from, until));
    Ok(conn.batch_execute(&format!(
        "CREATE TABLE {name} (LIKE {parent}); \
         ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}"
    ))?)
}

fn bounds(key: Key, from: Option<Moment>, until: Option<Moment>) -> String {
    let text = |moment: Option<Moment>, open: &str| match moment {
        Some(moment) => key.literal(moment),
        None => open.to_owned(),
    };
    format!(
        "FOR VALUES FROM ({}) TO ({})",
        text(from, "MINVALUE"),
        text(until, "MAXVALUE")
    )
}
