//! A partition that goes, and what is kept of it.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text};

use super::owned::{is_of_owners, list_movable};
use super::{bounds, create, detach, list_partitions, take};
use crate::DatabaseError;
use crate::partitions::Moment;
use crate::partitions::layout::{Partition, Release};
use crate::partitions::table::PartitionedTable;

/// What a partition promises before its upper bound is moved.
const WIDENING: &str = "below_next_bound";

/// Says of what was kept that it is below the bound that it is to have: so nobody has to wait
/// while it is looked through.
pub(in crate::partitions) fn announce_widening(
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
pub(in crate::partitions) fn check_widening(
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
/// that has. `None`, and it stays, if their rows are too much to be moved while all others wait.
pub(in crate::partitions) fn release(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    release: &Release,
) -> Result<Option<usize>, DatabaseError> {
    let Release { partition, below } = release;
    take(conn, table)?;
    if !list_partitions(conn, table)?.contains(partition) {
        return Ok(Some(0));
    }
    let Some(owed) = list_movable(conn, table, partition)? else {
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
    sql_query(format!(
        "INSERT INTO {} SELECT * FROM {gone} WHERE {}",
        table.name,
        is_of_owners(table)
    ))
    .bind::<Array<Text>, _>(&owed)
    .execute(conn)?;
    Ok(Some(owed.len()))
}

/// Whether what is owed of a partition is little enough to be moved while all others wait.
pub(in crate::partitions) fn is_movable(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
) -> Result<bool, DatabaseError> {
    Ok(list_movable(conn, table, partition)?.is_some())
}
