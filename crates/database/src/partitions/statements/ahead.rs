//! Days that are made ahead, in place of the last partition.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;

use super::owned::Amount;
use super::{bounds, create, detach, list_partitions, take};
use crate::DatabaseError;
use crate::partitions::Moment;
use crate::partitions::layout::{Ahead, Partition};
use crate::partitions::table::PartitionedTable;

/// Makes partitions in place of the last one, and puts its rows where they belong.
pub(in crate::partitions) fn make_ahead(
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
    // Looked up here since it is bounded: no more rows than may move are counted.
    let is_full = !Amount::of_all(conn, last)?.is_movable();
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
