//! The gap-free sequence, and reading along it.

use database::{Backend, Connection, DatabaseError, on_backend, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use crate::schema::{outbox_bodies, outbox_events};

/// An event to publish.
#[derive(Debug, Clone, Queryable, QueryableByName)]
pub(crate) struct Numbered {
    #[diesel(sql_type = BigInt)]
    pub(crate) seq: i64,
    #[diesel(sql_type = Binary)]
    pub(crate) event_id: Vec<u8>,
    #[diesel(sql_type = Text)]
    pub(crate) event_type: String,
    #[diesel(sql_type = Binary)]
    pub(crate) body: Vec<u8>,
}

const ASSIGN: &str = "
WITH waiting AS MATERIALIZED (
    SELECT position FROM outbox_events WHERE seq IS NULL ORDER BY position LIMIT $2
), lead AS (
    UPDATE relay_state SET last_seq = last_seq + found.number
    FROM (SELECT count(*) AS number FROM waiting) AS found
    WHERE id = 1 AND epoch = $1 AND found.number > 0
    RETURNING last_seq - found.number AS before
), numbered AS (
    UPDATE outbox_events AS o SET seq = lead.before + w.place
    FROM lead, (
        SELECT position, row_number() OVER (ORDER BY position) AS place FROM waiting
    ) AS w
    WHERE o.position = w.position
    RETURNING o.position, o.seq, o.event_id, o.event_type
)
SELECT n.seq, n.event_id, n.event_type, b.body
FROM numbered AS n JOIN outbox_bodies AS b ON b.position = n.position
ORDER BY n.seq";

/// Gives committed rows that have none their numbers, `limit` at most, under
/// `epoch`, and returns them in order. Empty if there is none, or if the epoch is
/// no longer the leader's.
///
/// One statement, since the way to the server and back is most of what numbering
/// a few costs. It changes the relay's row only when there is something to number: otherwise
/// looking would wait for the disk.
pub(crate) fn assign(
    conn: &mut PgConnection,
    epoch: i64,
    limit: i64,
) -> Result<Vec<Numbered>, DatabaseError> {
    Ok(statement(ASSIGN)
        .bind::<BigInt, _>(epoch)
        .bind::<BigInt, _>(limit)
        .load(conn)?)
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
