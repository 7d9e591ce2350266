//! Writing events beside the changes that they tell of.

use database::{Connection, DatabaseError, statement};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel::sqlite::SqliteConnection;
use events::Event;

use crate::schema::{outbox_bodies, outbox_events};

/// Adds `event` to the outbox, in the transaction that is open on `conn`.
///
/// Wake the relay ([`crate::Waker`]) once that transaction has committed.
pub fn append(conn: &mut Connection<'_>, event: &Event) -> Result<(), DatabaseError> {
    match conn {
        Connection::Sqlite(c) => append_to_file(c, event),
        Connection::Postgres(c) => append_to_server(c, event),
    }
}

fn append_to_file(conn: &mut SqliteConnection, event: &Event) -> Result<(), DatabaseError> {
    let position: i64 = diesel::insert_into(outbox_events::table)
        .values((
            outbox_events::event_id.eq(event.id.as_bytes()),
            outbox_events::account_id.eq(event.account_id.0),
            outbox_events::event_type.eq(event.change.event_type()),
            outbox_events::occurred_at_us.eq(event.occurred_at.0),
        ))
        .returning(outbox_events::position)
        .get_result(conn)?;
    diesel::insert_into(outbox_bodies::table)
        .values((
            outbox_bodies::position.eq(position),
            outbox_bodies::body.eq(event.encode()),
        ))
        .execute(conn)?;
    Ok(())
}

/// One statement, since the way to the server and back is most of what a small one costs.
const APPEND: &str = "
WITH added AS (
    INSERT INTO outbox_events (event_id, account_id, event_type, occurred_at_us)
    VALUES ($1, $2, $3, $4)
    RETURNING position
)
INSERT INTO outbox_bodies (position, body) SELECT position, $5 FROM added";

fn append_to_server(conn: &mut PgConnection, event: &Event) -> Result<(), DatabaseError> {
    statement(APPEND)
        .bind::<Binary, _>(event.id.as_bytes())
        .bind::<BigInt, _>(event.account_id.0)
        .bind::<Text, _>(event.change.event_type())
        .bind::<BigInt, _>(event.occurred_at.0)
        .bind::<Binary, _>(event.encode())
        .execute(conn)?;
    Ok(())
}

/// Events get their positions in the order given. They are drawn first, so that events and bodies
/// need not be joined.
const APPEND_ALL: &str = "
WITH sent AS MATERIALIZED (
    SELECT nextval('outbox_events_position_seq') AS position, new.*
    FROM unnest($1, $2, $3, $4, $5) AS new (event_id, account_id, event_type, occurred_at_us, body)
), added AS (
    INSERT INTO outbox_events (position, event_id, account_id, event_type, occurred_at_us)
    OVERRIDING SYSTEM VALUE
    SELECT position, event_id, account_id, event_type, occurred_at_us FROM sent
)
INSERT INTO outbox_bodies (position, body) SELECT position, body FROM sent";

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
    statement(APPEND_ALL)
        .bind::<Array<Binary>, _>(ids)
        .bind::<Array<BigInt>, _>(accounts)
        .bind::<Array<Text>, _>(types)
        .bind::<Array<BigInt>, _>(times)
        .bind::<Array<Binary>, _>(bodies)
        .execute(conn)?;
    Ok(())
}
