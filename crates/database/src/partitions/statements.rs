//! Statements on partitions (PostgreSQL).

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_query;
use diesel::sql_types::{Array, Bool, Text};

use super::Moment;
use super::layout::{Ahead, Partition, Release};
use super::table::{Key, PartitionedTable};
use crate::DatabaseError;

/// How long a change waits for a table, milliseconds; all others wait behind it.
pub(super) const LOCK_TIMEOUT_MS: u32 = 100;
/// What a partition promises before its upper bound is moved.
const WIDENING: &str = "below_next_bound";
/// How many rows move at most while all others wait.
const MAX_MOVED: usize = 2_000;
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

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
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

/// Makes partitions in place of the last one, and puts its rows where they belong.
pub(super) fn make_ahead(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    ahead: &Ahead,
) -> Result<(), DatabaseError> {
    let (parent, last) = (table.name, &ahead.last.name);
    take(conn, table)?;
    // Another process may have been faster.
    if !list_partitions(conn, table)?.contains(&ahead.last) {
        return Ok(());
    }
    let is_full = is_full(conn, last)?;
    let gone = detach(conn, table, &ahead.last)?;
    let (Some(first), Some(end)) = (ahead.bounds.first(), ahead.bounds.last()) else {
        return Ok(());
    };
    create(conn, table, last, Some(*end), None)?;
    if is_full {
        return keep_as_one(conn, table, &gone, (*first, *end));
    }
    for days in ahead.bounds.windows(2) {
        let [from, until] = *days else { continue };
        let name = Partition::name_of(table, from);
        create(conn, table, &name, Some(from), Some(until))?;
    }
    Ok(conn.batch_execute(&format!("INSERT INTO {parent} SELECT * FROM {gone}"))?)
}

/// Makes a partition of what was the last one, with all its rows but those beyond it.
fn keep_as_one(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    gone: &str,
    (from, until): (Moment, Moment),
) -> Result<(), DatabaseError> {
    let (parent, column) = (table.name, table.column);
    let name = Partition::name_of(table, from);
    let bounds = bounds(table.key, Some(from), Some(until));
    let end = table.key.literal(until);
    Ok(conn.batch_execute(&format!(
        "WITH beyond AS (DELETE FROM {gone} WHERE {column} >= {end} RETURNING *) \
         INSERT INTO {parent} SELECT * FROM beyond; \
         ALTER TABLE {gone} RENAME TO {name}; \
         ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}"
    ))?)
}

/// Whether a partition has more rows than can be moved while all others wait.
fn is_full(conn: &mut PgConnection, name: &str) -> Result<bool, DatabaseError> {
    let full: Answer = sql_query(format!(
        "SELECT count(*) > {MAX_MOVED} AS answer \
         FROM (SELECT 1 FROM {name} LIMIT {MAX_MOVED} + 1) AS part"
    ))
    .get_result(conn)?;
    Ok(full.answer)
}

/// Says of what was kept that it is below the bound that it is to have: so nobody has to wait
/// while it is looked through.
pub(super) fn announce_widening(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    rest: &Partition,
    until: Moment,
) -> Result<(), DatabaseError> {
    if !list_partitions(conn, table)?.contains(rest) {
        return Ok(());
    }
    let (name, column, end) = (&rest.name, table.column, table.key.literal(until));
    Ok(conn.batch_execute(&format!(
        "ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {WIDENING}; \
         ALTER TABLE {name} ADD CONSTRAINT {WIDENING} CHECK ({column} < {end}) NOT VALID"
    ))?)
}

/// Looks through what was kept, beside all others.
pub(super) fn check_widening(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    rest: &Partition,
) -> Result<(), DatabaseError> {
    if !list_partitions(conn, table)?.contains(rest) {
        return Ok(());
    }
    Ok(conn.batch_execute(&format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {WIDENING}",
        rest.name
    ))?)
}

/// Takes a partition off and keeps what is owed of it; answers how many owners
/// that has. `None`, and it stays, if they are too many to be moved while all others wait.
pub(super) fn release(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    release: &Release,
) -> Result<Option<usize>, DatabaseError> {
    let Release { partition, below } = release;
    take(conn, table)?;
    if !list_partitions(conn, table)?.contains(partition) {
        return Ok(Some(0));
    }
    let Some(owed) = list_owed(conn, table, partition)? else {
        return Ok(None);
    };
    let gone = detach(conn, table, partition)?;
    match below {
        Some(rest) => {
            let (parent, name) = (table.name, &rest.name);
            let bounds = bounds(table.key, rest.from, partition.until);
            conn.batch_execute(&format!(
                "ALTER TABLE {parent} DETACH PARTITION {name}; \
                 ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}; \
                 ALTER TABLE {name} DROP CONSTRAINT IF EXISTS {WIDENING}"
            ))?;
        }
        None => {
            let name = Partition::name_of_rest(table, partition.from);
            create(conn, table, &name, partition.from, partition.until)?;
        }
    }
    let (parent, id) = (table.name, table.owned_by);
    let ids = match table.key {
        Key::TimeOrderedId => "$1::BYTEA[]",
        Key::Microseconds => "$1::BIGINT[]",
    };
    sql_query(format!(
        "INSERT INTO {parent} SELECT * FROM {gone} WHERE {id} = ANY({ids})"
    ))
    .bind::<Array<Text>, _>(&owed)
    .execute(conn)?;
    Ok(Some(owed.len()))
}

/// Whether what is owed of a partition is little enough to be moved while all others wait.
pub(super) fn is_movable(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
) -> Result<bool, DatabaseError> {
    Ok(list_owed(conn, table, partition)?.is_some())
}

/// The ids that owners which are still there give to a partition's rows, as text; `None` if
/// there are too many of those.
fn list_owed(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
) -> Result<Option<Vec<String>>, DatabaseError> {
    let (owner, key) = (table.owner, table.key);
    let Some(until) = partition.until else {
        return Ok(None);
    };
    let (id, time) = (owner.id, owner.time);
    let mut among = format!("{id} IS NOT NULL AND {time} < {}", key.literal(until));
    if let Some(from) = partition.from {
        among.push_str(&format!(" AND {time} >= {}", key.literal(from)));
    }
    let rows: Vec<Id> = sql_query(format!(
        "SELECT {id}::TEXT AS id FROM {} WHERE {among} LIMIT {MAX_MOVED} + 1",
        owner.table
    ))
    .load(conn)?;
    if rows.len() > MAX_MOVED {
        return Ok(None);
    }
    let ids: BTreeSet<String> = rows.into_iter().map(|row| row.id).collect();
    Ok(Some(ids.into_iter().collect()))
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
