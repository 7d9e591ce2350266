//! Old requests go; what nobody could read stays until somebody has tried again (DESIGN 5).

use database::partitions::hold_end_of_rows;
use database::{Connection, DatabaseError, on_backend};
use diesel::prelude::*;

use crate::domain::request::Outcome;
use crate::store::requests::bodies::BODIES;
use crate::store::schema::{intake_bodies, intake_requests, leads};

/// Deletes at most `limit` requests that came before `before_us`, the oldest first; answers how
/// many. Leads live on and forget their requests. Bodies go with them on SQLite; on PostgreSQL
/// those that lie in a partition of their day go with that.
pub(crate) fn delete_expired(
    conn: &mut Connection<'_>,
    before_us: i64,
    limit: i64,
) -> Result<usize, DatabaseError> {
    let unparsed: Vec<&str> = Outcome::ALL
        .into_iter()
        .filter(|outcome| outcome.is_unparsed())
        .map(Outcome::as_str)
        .collect();
    let expired = intake_requests::table
        .filter(intake_requests::received_at_us.lt(before_us))
        .filter(
            intake_requests::outcome
                .ne_all(unparsed)
                .or(intake_requests::replayed_at_us.is_not_null()),
        )
        .order(intake_requests::received_at_us)
        .limit(limit)
        .select((intake_requests::id, intake_requests::lead_id));
    let bodies_until = hold_end_of_rows(conn, &BODIES)?;
    let rows: Vec<(i64, Option<i64>)> = match conn {
        Connection::Sqlite(c) => expired.load(*c)?,
        // What another replica is deleting is left to it.
        Connection::Postgres(c) => expired.for_update().skip_locked().load(*c)?,
    };
    if rows.is_empty() {
        return Ok(0);
    }
    let (ids, lead_ids): (Vec<i64>, Vec<Option<i64>>) = rows.into_iter().unzip();
    let lead_ids: Vec<i64> = lead_ids.into_iter().flatten().collect();
    on_backend!(conn, |c| {
        diesel::delete(
            intake_bodies::table
                .filter(intake_bodies::request_id.eq_any(&ids))
                .filter(intake_bodies::received_at_us.lt(bodies_until.as_us())),
        )
        .execute(c)?;
        diesel::update(
            leads::table
                .filter(leads::id.eq_any(&lead_ids))
                .filter(leads::request_id.eq_any(&ids)),
        )
        .set(leads::request_id.eq(None::<i64>))
        .execute(c)?;
        Ok(
            diesel::delete(intake_requests::table.filter(intake_requests::id.eq_any(&ids)))
                .execute(c)?,
        )
    })
}
