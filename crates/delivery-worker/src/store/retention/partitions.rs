//! Statements on the partitions of bodies (PostgreSQL).

use std::collections::BTreeSet;

use database::DatabaseError;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Text};

use crate::retention::Moment;
use crate::retention::layout::{Ahead, BodyTable, Partition, Release};

/// How long a change waits for a table, milliseconds; all others wait behind it.
pub(crate) const LOCK_TIMEOUT_MS: u32 = 100;
/// How many rows move at most while all others wait.
const MAX_MOVED: usize = 2_000;
/// Held by who changes partitions, so that workers do not get in each other's way; the bytes
/// of `retain`.
const CHANGE_LOCK: i64 = i64::from_be_bytes(*b"\0\0retain");

/// What came of a change that only one worker makes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock<T> {
    /// It was made.
    Taken(T),
    /// Another worker is making one.
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
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
}

/// Whether a change was given up because others have its table.
pub(crate) fn is_lock_timeout(error: &DatabaseError) -> bool {
    matches!(
        error,
        DatabaseError::Refused(DieselError::DatabaseError(DatabaseErrorKind::Unknown, why))
            if why.message().contains("lock timeout")
    )
}

/// Makes a change unless another worker makes one.
pub(crate) fn alone<T>(
    conn: &mut PgConnection,
    change: &impl Fn(&mut PgConnection) -> Result<T, DatabaseError>,
) -> Result<Lock<T>, DatabaseError> {
    let taken: Answer = sql_query("SELECT pg_try_advisory_xact_lock($1) AS answer")
        .bind::<BigInt, _>(CHANGE_LOCK)
        .get_result(conn)?;
    if !taken.answer {
        return Ok(Lock::Busy);
    }
    conn.batch_execute(&format!("SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))?;
    change(conn).map(Lock::Taken)
}

/// The table's partitions in order. Those that were not made here are left out, and with
/// them all that depends on their being whole.
pub(crate) fn list_partitions(
    conn: &mut PgConnection,
    table: BodyTable,
) -> Result<Vec<Partition>, DatabaseError> {
    conn.batch_execute("SET LOCAL bytea_output = 'hex'")?;
    let found: Vec<Found> = sql_query(
        "SELECT c.relname::text AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds \
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = $1::regclass",
    )
    .bind::<Text, _>(table.name())
    .load(conn)?;
    let mut partitions = Vec::with_capacity(found.len());
    for Found { name, bounds } in found {
        match Partition::parse(name, &bounds) {
            Some(partition) => partitions.push(partition),
            None => {
                tracing::warn!(table = table.name(), bounds, "a partition is not ours");
                return Ok(Vec::new());
            }
        }
    }
    partitions.sort_unstable_by_key(|one| one.from);
    Ok(partitions)
}

/// Tables that were partitions.
pub(crate) fn list_detached(
    conn: &mut PgConnection,
    table: BodyTable,
) -> Result<Vec<String>, DatabaseError> {
    let named: Vec<Named> = sql_query(
        "SELECT c.relname::text AS name FROM pg_class c \
         WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $1::regclass) \
         AND c.relkind = 'r' AND NOT c.relispartition AND starts_with(c.relname::text, $2)",
    )
    .bind::<Text, _>(table.name())
    .bind::<Text, _>(format!("{}_gone_", table.name()))
    .load(conn)?;
    Ok(named.into_iter().map(|one| one.name).collect())
}

/// Removes such a table.
pub(crate) fn drop_detached(conn: &mut PgConnection, name: &str) -> Result<(), DatabaseError> {
    Ok(conn.batch_execute(&format!("DROP TABLE IF EXISTS {name}"))?)
}

/// Makes partitions in place of the last one, and puts its rows where they belong.
pub(crate) fn make_ahead(
    conn: &mut PgConnection,
    table: BodyTable,
    ahead: &Ahead,
) -> Result<(), DatabaseError> {
    let (parent, last) = (table.name(), &ahead.last.name);
    take(conn, table)?;
    // Another worker may have been faster.
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
    table: BodyTable,
    gone: &str,
    (from, until): (Moment, Moment),
) -> Result<(), DatabaseError> {
    let (parent, id) = (table.name(), table.id());
    let name = Partition::name_of(table, from);
    let bounds = bounds(Some(from), Some(until));
    sql_query(format!(
        "WITH beyond AS (DELETE FROM {gone} WHERE {id} >= $1 RETURNING *) \
         INSERT INTO {parent} SELECT * FROM beyond"
    ))
    .bind::<Binary, _>(until.bytes())
    .execute(conn)?;
    Ok(conn.batch_execute(&format!(
        "ALTER TABLE {gone} RENAME TO {name}; \
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

/// Takes a partition off and keeps what is owed of it; answers how many deliveries or events
/// that is. `None`, and it stays, if they are too many to be moved while all others wait.
pub(crate) fn release(
    conn: &mut PgConnection,
    table: BodyTable,
    release: &Release,
) -> Result<Option<usize>, DatabaseError> {
    let Release { partition, below } = release;
    // Before anybody has to wait; this also makes the second look short.
    if list_owed(conn, table, partition)?.is_none() {
        return Ok(None);
    }
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
            let (parent, name) = (table.name(), &rest.name);
            let bounds = bounds(rest.from, partition.until);
            conn.batch_execute(&format!(
                "ALTER TABLE {parent} DETACH PARTITION {name}; \
                 ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}"
            ))?;
        }
        None => {
            let name = Partition::name_of_rest(table, partition.from);
            create(conn, table, &name, partition.from, partition.until)?;
        }
    }
    let (parent, id) = (table.name(), table.id());
    sql_query(format!(
        "INSERT INTO {parent} SELECT * FROM {gone} WHERE {id} = ANY($1)"
    ))
    .bind::<Array<Binary>, _>(&owed)
    .execute(conn)?;
    Ok(Some(owed.len()))
}

/// The ids of a partition's rows that deliveries which are still there have; `None` if there
/// are too many of those.
fn list_owed(
    conn: &mut PgConnection,
    table: BodyTable,
    partition: &Partition,
) -> Result<Option<Vec<Vec<u8>>>, DatabaseError> {
    let column = match table {
        BodyTable::EventBodies => "event_id",
        BodyTable::Attempts | BodyTable::AttemptBodies => "id",
    };
    let from = partition.from.unwrap_or(Moment::FIRST);
    let Some(until) = partition.until else {
        return Ok(None);
    };
    let rows: Vec<Id> = sql_query(format!(
        "SELECT {column} AS id FROM deliveries \
         WHERE id >= $1 AND id < $2 AND {column} IS NOT NULL LIMIT {MAX_MOVED} + 1"
    ))
    .bind::<Binary, _>(from.bytes())
    .bind::<Binary, _>(until.bytes())
    .load(conn)?;
    if rows.len() > MAX_MOVED {
        return Ok(None);
    }
    let ids: BTreeSet<Vec<u8>> = rows.into_iter().map(|row| row.id).collect();
    Ok(Some(ids.into_iter().collect()))
}

fn take(conn: &mut PgConnection, table: BodyTable) -> Result<(), DatabaseError> {
    let parent = table.name();
    Ok(conn.batch_execute(&format!(
        "LOCK TABLE ONLY {parent} IN ACCESS EXCLUSIVE MODE"
    ))?)
}

/// Answers the name that the table has from now on, until it is dropped.
fn detach(
    conn: &mut PgConnection,
    table: BodyTable,
    partition: &Partition,
) -> Result<String, DatabaseError> {
    let (parent, name) = (table.name(), &partition.name);
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
    table: BodyTable,
    name: &str,
    from: Option<Moment>,
    until: Option<Moment>,
) -> Result<(), DatabaseError> {
    let (parent, bounds) = (table.name(), bounds(from, until));
    Ok(conn.batch_execute(&format!(
        "CREATE TABLE {name} (LIKE {parent}); \
         ALTER TABLE {parent} ATTACH PARTITION {name} {bounds}"
    ))?)
}

fn bounds(from: Option<Moment>, until: Option<Moment>) -> String {
    let text = |moment: Option<Moment>, open: &str| match moment {
        Some(moment) => format!("'\\x{:012x}'", moment.0),
        None => open.to_owned(),
    };
    format!(
        "FOR VALUES FROM ({}) TO ({})",
        text(from, "MINVALUE"),
        text(until, "MAXVALUE")
    )
}
