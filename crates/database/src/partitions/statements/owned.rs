//! What owners that are still there have of a partition, and whether it is little.

use std::collections::BTreeSet;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Text};

use crate::DatabaseError;
use crate::partitions::layout::Partition;
use crate::partitions::table::{Key, PartitionedTable};

/// How many rows move at most while all others wait, and the rows of how many owners.
const MAX_MOVED_ROWS: i64 = 2_000;
/// How many bytes they have at most, as they are stored.
const MAX_MOVED_BYTES: i64 = 8 * 1024 * 1024;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

#[derive(QueryableByName)]
struct Sizes {
    #[diesel(sql_type = Text)]
    sql: String,
}

/// How much some rows are; counted no further than to one row too many.
#[derive(QueryableByName)]
pub(super) struct Amount {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

impl Amount {
    /// Whether they can be moved while all others wait.
    pub(super) fn is_movable(&self) -> bool {
        self.rows <= MAX_MOVED_ROWS && self.bytes <= MAX_MOVED_BYTES
    }

    /// Of a whole table.
    pub(super) fn of_all(conn: &mut PgConnection, name: &str) -> Result<Self, DatabaseError> {
        let sql = Self::query(conn, name, "TRUE")?;
        Ok(sql_query(sql).get_result(conn)?)
    }

    /// Of the rows of these owners.
    fn of_owners(
        conn: &mut PgConnection,
        table: &PartitionedTable,
        name: &str,
        owners: &[String],
    ) -> Result<Self, DatabaseError> {
        let sql = Self::query(conn, name, &is_of_owners(table))?;
        Ok(sql_query(sql)
            .bind::<Array<Text>, _>(owners)
            .get_result(conn)?)
    }

    /// Column by column: the size of a row as a whole is found by reading all that is in it.
    fn query(conn: &mut PgConnection, name: &str, among: &str) -> Result<String, DatabaseError> {
        let Sizes { sql: sizes } = sql_query(
            "SELECT string_agg(format('coalesce(pg_column_size(%I), 0)', attname), ' + ') AS sql \
             FROM pg_attribute \
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped",
        )
        .bind::<Text, _>(name)
        .get_result(conn)?;
        Ok(format!(
            "SELECT count(*) AS rows, coalesce(sum(size), 0)::BIGINT AS bytes \
             FROM (SELECT {sizes} AS size FROM {name} WHERE {among} \
             LIMIT {MAX_MOVED_ROWS} + 1) AS part"
        ))
    }
}

/// Whether a row is of one of the owners that are bound, as text.
pub(super) fn is_of_owners(table: &PartitionedTable) -> String {
    let ids = match table.key {
        Key::TimeOrderedId => "BYTEA[]",
        Key::Microseconds => "BIGINT[]",
    };
    format!("{} = ANY($1::{ids})", table.owned_by)
}

/// Whether an owner is of the partition's time.
pub(super) fn is_of_its_time(table: &PartitionedTable, partition: &Partition) -> String {
    let (time, key) = (table.owner.time, table.key);
    let mut among = String::from("TRUE");
    if let Some(from) = partition.from {
        among.push_str(&format!(" AND {time} >= {}", key.literal(from)));
    }
    if let Some(until) = partition.until {
        among.push_str(&format!(" AND {time} < {}", key.literal(until)));
    }
    among
}

/// The ids that owners which are still there give to a partition's rows, as text; `None` if
/// these rows are too much to be moved while all others wait.
pub(super) fn list_movable(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
) -> Result<Option<Vec<String>>, DatabaseError> {
    if partition.until.is_none() {
        return Ok(None);
    }
    let (owner, id) = (table.owner.table, table.owner.id);
    let among = is_of_its_time(table, partition);
    let rows: Vec<Id> = sql_query(format!(
        "SELECT {id}::TEXT AS id FROM {owner} WHERE {id} IS NOT NULL AND {among} \
         LIMIT {MAX_MOVED_ROWS} + 1"
    ))
    .load(conn)?;
    if i64::try_from(rows.len()).is_ok_and(|owners| owners > MAX_MOVED_ROWS) {
        return Ok(None);
    }
    let ids: BTreeSet<String> = rows.into_iter().map(|row| row.id).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let amount = Amount::of_owners(conn, table, &partition.name, &ids)?;
    Ok(amount.is_movable().then_some(ids))
}
