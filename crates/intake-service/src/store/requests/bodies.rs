//! What requests held. On PostgreSQL it lies in partitions by the day that the request came, and
//! each query says when that was: by ids alone it would look into all of them.

use database::partitions::{Key, Owner, PartitionedTable};
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use serde_json::Value;

use super::RequestRow;
use crate::store::schema::intake_bodies;

/// The table of these, which grows.
pub(crate) static BODIES: PartitionedTable = PartitionedTable {
    name: "intake_bodies",
    column: "received_at_us",
    key: Key::Microseconds,
    owned_by: "request_id",
    owner: Owner {
        table: "intake_requests",
        id: "id",
        time: "received_at_us",
    },
};

/// The time of those that were written without one.
pub(crate) const UNTIMED: i64 = 0;

/// What a request held.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = intake_bodies)]
pub(crate) struct BodyRow {
    pub(crate) query: Vec<u8>,
    pub(crate) headers: Value,
    pub(crate) body: Vec<u8>,
}

/// What the request held; `None` once that was deleted.
pub(crate) fn find_body(
    conn: &mut Connection<'_>,
    request: &RequestRow,
) -> Result<Option<BodyRow>, DatabaseError> {
    Ok(on_backend!(conn, |c| intake_bodies::table
        .filter(intake_bodies::request_id.eq(request.id))
        .filter(
            intake_bodies::received_at_us
                .eq(request.received_at_us)
                .or(intake_bodies::received_at_us.eq(UNTIMED))
        )
        .select(BodyRow::as_select())
        .first(c)
        .optional())?)
}

/// Deletes what these requests, by id and when they came, held; answers how many still had it.
pub(crate) fn delete_bodies(
    conn: &mut Connection<'_>,
    requests: &[(i64, i64)],
) -> Result<usize, DatabaseError> {
    let (ids, times): (Vec<i64>, Vec<i64>) = requests.iter().copied().unzip();
    let (Some(&least), Some(&greatest)) = (times.iter().min(), times.iter().max()) else {
        return Ok(0);
    };
    Ok(on_backend!(conn, |c| diesel::delete(
        intake_bodies::table
            .filter(intake_bodies::request_id.eq_any(&ids))
            .filter(
                intake_bodies::received_at_us
                    .between(least, greatest)
                    .or(intake_bodies::received_at_us.eq(UNTIMED))
            )
    )
    .execute(c))?)
}

#[cfg(test)]
mod tests;
