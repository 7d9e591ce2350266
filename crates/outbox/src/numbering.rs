//! The gap-free sequence, and reading along it.

use database::{Backend, Connection, DatabaseError, on_backend};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::schema::{outbox_bodies, outbox_events, relay_state};

/// An event to publish.
#[derive(Debug, Clone, Queryable)]
pub(crate) struct Numbered {
    pub(crate) seq: i64,
    pub(crate) event_id: Vec<u8>,
    pub(crate) event_type: String,
    pub(crate) body: Vec<u8>,
}

/// Gives committed rows their numbers, `limit` at most, under `epoch`; `None`
/// if that is no longer the leader's.
///
/// SQLite's single writer commits in order of position, which therefore is the
/// number already.
pub(crate) fn assign(
    conn: &mut Connection<'_>,
    epoch: i64,
    limit: i64,
) -> Result<Option<usize>, DatabaseError> {
    let Connection::Postgres(c) = conn else {
        return Ok(Some(0));
    };
    let last_seq: Option<i64> = relay_state::table
        .filter(relay_state::epoch.eq(epoch))
        .select(relay_state::last_seq)
        .for_update()
        .first(*c)
        .optional()?;
    let Some(last_seq) = last_seq else {
        return Ok(None);
    };
    let assigned = diesel::sql_query(
        "UPDATE outbox_events AS o SET seq = n.seq FROM (
             SELECT position, $1 + row_number() OVER (ORDER BY position) AS seq
             FROM (SELECT position FROM outbox_events
                   WHERE seq IS NULL ORDER BY position LIMIT $2) AS waiting
         ) AS n WHERE o.position = n.position",
    )
    .bind::<BigInt, _>(last_seq)
    .bind::<BigInt, _>(limit)
    .execute(*c)?;
    if assigned > 0 {
        diesel::update(relay_state::table)
            .set(relay_state::last_seq.eq(last_seq + i64::try_from(assigned).unwrap_or(i64::MAX)))
            .execute(*c)?;
    }
    Ok(Some(assigned))
}

/// Numbered events after `after_seq`, in order.
pub(crate) fn read(
    conn: &mut Connection<'_>,
    after_seq: i64,
    limit: i64,
) -> Result<Vec<Numbered>, DatabaseError> {
    // On SQLite the number is the key itself; saying so keeps the range scan.
    match conn.backend() {
        Backend::Sqlite => Ok(on_backend!(conn, |c| outbox_events::table
            .inner_join(
                outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position))
            )
            .filter(outbox_events::position.gt(after_seq))
            .order(outbox_events::position)
            .limit(limit)
            .select((
                outbox_events::position,
                outbox_events::event_id,
                outbox_events::event_type,
                outbox_bodies::body,
            ))
            .load(c))?),
        Backend::Postgres => Ok(on_backend!(conn, |c| outbox_events::table
            .inner_join(
                outbox_bodies::table.on(outbox_bodies::position.eq(outbox_events::position))
            )
            .filter(outbox_events::seq.gt(after_seq))
            .order(outbox_events::seq)
            .limit(limit)
            .select((
                outbox_events::seq.assume_not_null(),
                outbox_events::event_id,
                outbox_events::event_type,
                outbox_bodies::body,
            ))
            .load(c))?),
    }
}
