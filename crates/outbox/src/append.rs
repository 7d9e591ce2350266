//! Writing events beside the changes that they tell of.

use database::{Connection, DatabaseError, on_backend};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use events::Event;

use crate::schema::{outbox_bodies, outbox_events};

/// Adds `event` to the outbox, in the transaction that is open on `conn`.
///
/// Wake the relay ([`crate::Waker`]) once that transaction has committed.
pub fn append(conn: &mut Connection<'_>, event: &Event) -> Result<(), DatabaseError> {
    let body = event.encode();
    let row = (
        outbox_events::event_id.eq(event.id.as_bytes()),
        outbox_events::account_id.eq(event.account_id.0),
        outbox_events::event_type.eq(event.change.event_type()),
        outbox_events::occurred_at_us.eq(event.occurred_at.0),
    );
    on_backend!(conn, |c| {
        let position: i64 = diesel::insert_into(outbox_events::table)
            .values(row)
            .returning(outbox_events::position)
            .get_result(c)?;
        diesel::insert_into(outbox_bodies::table)
            .values((
                outbox_bodies::position.eq(position),
                outbox_bodies::body.eq(&body),
            ))
            .execute(c)?;
    });
    Ok(())
}

/// Events get their positions in the order given.
const APPEND_ALL: &str = "
WITH added AS (
    INSERT INTO outbox_events (event_id, account_id, event_type, occurred_at_us)
    SELECT * FROM unnest($1, $2, $3, $4)
    RETURNING position, event_id
)
INSERT INTO outbox_bodies (position, body)
SELECT added.position, sent.body
FROM added JOIN unnest($1, $5) AS sent (event_id, body) USING (event_id)";

/// Adds `events` in their order, as [`append()`] does each; on PostgreSQL in one
/// round trip.
pub fn append_all(conn: &mut Connection<'_>, events: &[Event]) -> Result<(), DatabaseError> {
    match conn {
        Connection::Postgres(c) if events.len() > 1 => append_at_once(c, events),
        conn => events.iter().try_for_each(|event| append(conn, event)),
    }
}

fn append_at_once(conn: &mut PgConnection, events: &[Event]) -> Result<(), DatabaseError> {
    let ids: Vec<&[u8]> = events.iter().map(|event| event.id.as_bytes()).collect();
    let accounts: Vec<i64> = events.iter().map(|event| event.account_id.0).collect();
    let types: Vec<&str> = events
        .iter()
        .map(|event| event.change.event_type())
        .collect();
    let times: Vec<i64> = events.iter().map(|event| event.occurred_at.0).collect();
    let bodies: Vec<Vec<u8>> = events.iter().map(Event::encode).collect();
    sql_query(APPEND_ALL)
        .bind::<Array<Binary>, _>(ids)
        .bind::<Array<BigInt>, _>(accounts)
        .bind::<Array<Text>, _>(types)
        .bind::<Array<BigInt>, _>(times)
        .bind::<Array<Binary>, _>(bodies)
        .execute(conn)?;
    Ok(())
}
