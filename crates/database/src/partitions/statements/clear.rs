//! Rows of a partition that stays, whose owners are gone.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text};

use super::list_partitions;
use super::owned::{is_of_its_time, is_of_owners};
use crate::DatabaseError;
use crate::partitions::Moment;
use crate::partitions::layout::Partition;
use crate::partitions::table::{Key, PartitionedTable};

/// How many rows one transaction goes through, about.
const BATCH_ROWS: u32 = 500;

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

/// What was done of a part, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::partitions) struct Cleared {
    /// How many rows were deleted.
    pub(in crate::partitions) rows: usize,
    /// The last owner that was looked at, as text; `None` at the end.
    pub(in crate::partitions) after: Option<String>,
}

/// Deletes rows that nobody owns, of a part of the partition behind an owner's id.
///
/// Who gives a row an owner holds it meanwhile. Such a row is passed over, and so nobody waits
/// for each other; the next time it is looked at again.
pub(in crate::partitions) fn clear_unowned(
    conn: &mut PgConnection,
    table: &PartitionedTable,
    partition: &Partition,
    after: Option<&str>,
) -> Result<Cleared, DatabaseError> {
    if !list_partitions(conn, table)?.contains(partition) {
        return Ok(Cleared {
            rows: 0,
            after: None,
        });
    }
    let (name, column) = (&partition.name, table.owned_by);
    let behind = after.map_or_else(
        || "TRUE".to_owned(),
        |after| format!("{column} > '{after}'"),
    );
    let last: Option<Id> = sql_query(format!(
        "SELECT {column}::TEXT AS id FROM {name} WHERE {behind} \
         ORDER BY {column} OFFSET {BATCH_ROWS} LIMIT 1"
    ))
    .get_result(conn)
    .optional()?;
    let last = last.map(|last| last.id);
    let through = last
        .as_ref()
        .map_or_else(|| "TRUE".to_owned(), |last| format!("{column} <= '{last}'"));
    let (owner, id) = (table.owner.table, table.owner.id);
    let is_unowned = format!(
        "NOT EXISTS (SELECT 1 FROM {owner} WHERE {owner}.{id} = {name}.{column} AND {} AND {})",
        is_of_its_time(table, partition),
        is_of_part(table, after, last.as_deref())
    );
    let held: Vec<Id> = sql_query(format!(
        "SELECT {column}::TEXT AS id FROM {name} WHERE {behind} AND {through} AND {is_unowned} \
         FOR UPDATE OF {name} SKIP LOCKED"
    ))
    .load(conn)?;
    // What was committed before they were held is only seen by another statement.
    let ids: Vec<String> = held.into_iter().map(|row| row.id).collect();
    let rows = sql_query(format!(
        "DELETE FROM {name} WHERE {} AND {is_unowned}",
        is_of_owners(table)
    ))
    .bind::<Array<Text>, _>(&ids)
    .execute(conn)?;
    Ok(Cleared { rows, after: last })
}

/// Whether an owner is of the time of a part of the rows: of few of a day, that is, where ids
/// say the time. Owners need no index by what they give to rows.
fn is_of_part(table: &PartitionedTable, after: Option<&str>, last: Option<&str>) -> String {
    let moment = |id: Option<&str>| match table.key {
        Key::TimeOrderedId => id.and_then(Moment::of_hex),
        Key::Microseconds => None,
    };
    let (time, key) = (table.owner.time, table.key);
    let mut among = String::from("TRUE");
    if let Some(first) = moment(after) {
        among.push_str(&format!(" AND {time} >= {}", key.literal(first)));
    }
    if let Some(last) = moment(last) {
        among.push_str(&format!(" AND {time} < {}", key.literal(last.after())));
    }
    among
}
